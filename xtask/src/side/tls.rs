//! SET and GET over TLS. The load comes from a benchmark program of the peers that was built with TLS, since nothing here
//! encrypts; both servers have the same certificate, of an authority made for the occasion.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Figures, Wish, median, print};
use crate::load::definition::Definition;
use crate::load::server::Server;

/// Bytes of the values.
const SIZES: [usize; 2] = [64, 4096];

pub fn run(wish: &Wish, player: &Path, definition: &Definition) -> Result<(), String> {
    let place = Place::new()?;
    let mut options = definition.options.clone();
    options.extend(place.options());
    let servers = [Server::start(&wish.programs[0], &options)?, Server::start(&wish.programs[1], &options)?];
    for size in SIZES {
        for what in ["set", "get"] {
            for pipeline in &definition.pipelines {
                let mut figures = [Vec::new(), Vec::new()];
                for round in 0..=wish.rounds {
                    for turn in 0..2 {
                        let who = (round + turn) % 2;
                        let got = play(player, &servers[who], definition, what, *pipeline, size)?;
                        // The first round warms up.
                        if round > 0 {
                            figures[who].push(got);
                        }
                    }
                }
                print(&format!("tls_{what}_{size}"), *pipeline, &figures.map(|all| median(&all)));
            }
        }
    }
    Ok(())
}

fn play(
    player: &Path,
    server: &Server,
    definition: &Definition,
    what: &str,
    pipeline: usize,
    size: usize,
) -> Result<Figures, String> {
    let requests = 40_000 * pipeline.min(8);
    let [port, clients, keys] =
        [usize::from(server.port), definition.connections, definition.keys].map(|number| number.to_string());
    let before = server.cpu_ns()?;
    let mut command = Command::new(player);
    command.args(["--tls", "--insecure", "--csv", "-p", &port, "-c", &clients, "-r", &keys, "-t", what]);
    command.args(["-n", &requests.to_string(), "-P", &pipeline.to_string(), "-d", &size.to_string()]);
    let done = command.output().map_err(|error| format!("{player:?}: {error}"))?;
    let cpu_ns = server.cpu_ns()?.saturating_sub(before);
    let text = String::from_utf8_lossy(&done.stdout);
    // `"SET","123456.78","0.2",…`
    let cells = text.lines().last().map(|line| line.split(',').map(|cell| cell.trim_matches('"')));
    let per_second = cells.and_then(|mut cells| cells.nth(1)?.parse().ok());
    let per_second = per_second.ok_or_else(|| format!("{player:?} said: {text}"))?;
    Ok(Figures { per_second, cpu_us: cpu_ns as f64 / 1000.0 / requests as f64 })
}

/// A folder with certificates, which goes with this.
struct Place(PathBuf);

impl Place {
    fn new() -> Result<Place, String> {
        let place = Place(std::env::temp_dir().join(format!("side.{}", std::process::id())));
        std::fs::create_dir_all(&place.0).map_err(|error| error.to_string())?;
        std::fs::write(place.0.join("more"), "subjectAltName=DNS:localhost")
            .map_err(|error| error.to_string())?;
        let key = "-newkey rsa:2048 -nodes";
        place.openssl(&format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=authority"))?;
        place.openssl(&format!("req {key} -keyout own.key -out own.csr -subj /CN=localhost"))?;
        place.openssl("x509 -req -in own.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out own.crt -days 2 -extfile more")?;
        Ok(place)
    }

    fn openssl(&self, words: &str) -> Result<(), String> {
        let done = Command::new("openssl").args(words.split(' ')).current_dir(&self.0).output();
        match done {
            Ok(done) if done.status.success() => Ok(()),
            Ok(done) => Err(format!("openssl {words}: {}", String::from_utf8_lossy(&done.stderr))),
            Err(error) => Err(format!("openssl: {error}")),
        }
    }

    fn options(&self) -> Vec<(String, String)> {
        let file = |name: &str| self.0.join(name).display().to_string();
        let options = [
            ("port", "0".to_owned()),
            ("tls-port", "{port}".to_owned()),
            ("tls-cert-file", file("own.crt")),
            ("tls-key-file", file("own.key")),
            ("tls-ca-cert-file", file("ca.crt")),
            ("tls-auth-clients", "no".to_owned()),
        ];
        options.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
