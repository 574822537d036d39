//! Compiles Lua 5.1.5 from the `lua-src` crate. Only what we open is linked: its `io`, `os`, `package` and `debug`
//! libraries stay in the archive.

fn main() {
    // Its own assertions about the API abort the process, and are off; optimised always, since tests run scripts too.
    lua_src::Build::new().debug(false).opt_level("3").build(lua_src::Lua51).print_cargo_metadata();
    println!("cargo:rustc-link-lib=m");
    println!("cargo:rerun-if-changed=build.rs");
}
