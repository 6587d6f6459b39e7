//! What the tokio programs share: rounds of a work, a line of JSON for each.

use std::time::Instant;

/// The processor time of the process in nanoseconds.
pub fn cpu() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// What the kernel gave.
pub fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<f64>().unwrap() * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64
}

/// The same numbers in every run.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// `WORK COUNT SECONDS`: the first round warms up and does not count, unless it alone took all the time.
pub fn rounds(run: impl Fn(&str, usize) -> Option<f64>, unit: impl Fn(&str) -> &'static str, single: &[&str]) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (work, count, seconds) = (words[0].as_str(), words[1].parse().unwrap(), words[2].parse::<f64>().unwrap());
    let start = Instant::now();
    let over = || start.elapsed().as_secs_f64() >= seconds;
    let Some(mut value) = run(work, count) else {
        eprintln!("there is no work called {work}");
        std::process::exit(1);
    };
    let once = single.contains(&work) || over();
    loop {
        if !once {
            value = run(work, count).unwrap();
        }
        println!("{{\"work\": \"{work}\", \"value\": {value}, \"unit\": \"{}\"}}", unit(work));
        if once || over() {
            break;
        }
    }
    std::process::exit(0);
}
