//! Binding the process to processors, by lists like `0-3,8` or `0-7:2` (every second of them).

use std::io;

/// Binds the calling thread, and those it will start, to the processors of the list.
pub(crate) fn bind(list: &str) -> io::Result<()> {
    let numbers = parse(list).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("'{list}' is no list of processors"))
    })?;
    set(&numbers)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn set(numbers: &[usize]) -> io::Result<()> {
    use rustix::thread::{CpuSet, sched_setaffinity};
    let mut set = CpuSet::new();
    for &number in numbers.iter().filter(|&&number| number < CpuSet::MAX_CPU) {
        set.set(number);
    }
    Ok(sched_setaffinity(None, &set)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn set(_: &[usize]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn parse(list: &str) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    for item in list.split(',') {
        let (range, step) = match item.split_once(':') {
            Some((range, step)) => (range, step.trim().parse().ok().filter(|&step| step > 0)?),
            None => (item, 1),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last || last >= 1 << 16 {
            return None;
        }
        numbers.extend((first..=last).step_by(step));
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors_are_read() {
        for (list, expected) in [
            ("0", Some(vec![0])),
            ("0-3,7:2", Some(vec![0, 1, 2, 3, 7])),
            ("0-7:2", Some(vec![0, 2, 4, 6])),
            ("1,5-6", Some(vec![1, 5, 6])),
            ("", None),
            ("3-1", None),
            ("0-3:0", None),
            ("a", None),
        ] {
            assert_eq!(parse(list), expected, "{list}");
        }
    }
}
