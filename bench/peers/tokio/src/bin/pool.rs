//! tokio's blocking pool with two threads: spawn_blocking, the handles dropped.

use peer_tokio::rounds;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Instant;

const WORKERS: usize = 2;

fn spin(turns: usize) {
    for i in 0..turns {
        std::hint::black_box(i);
    }
}

fn turns_of_a_microsecond() -> usize {
    const TRIED: usize = 100_000;
    let best = (0..100)
        .map(|_| {
            let start = Instant::now();
            spin(TRIED);
            start.elapsed().as_nanos() as usize
        })
        .min();
    TRIED * 1000 / best.unwrap()
}

async fn jobs(count: usize, turns: usize) -> f64 {
    let ended = Arc::new(AtomicUsize::new(0));
    let all = Arc::new(tokio::sync::Notify::new());
    let start = Instant::now();
    for _ in 0..count {
        let (ended, all) = (ended.clone(), all.clone());
        tokio::task::spawn_blocking(move || {
            spin(turns);
            if ended.fetch_add(1, Ordering::Relaxed) + 1 == count {
                all.notify_one();
            }
        });
    }
    all.notified().await;
    start.elapsed().as_nanos() as f64 / count as f64
}

fn main() {
    let own = tokio::runtime::Builder::new_current_thread().max_blocking_threads(WORKERS).build().unwrap();
    let microsecond = turns_of_a_microsecond();
    let run = |work: &str, count: usize| match work {
        "empty_job" => Some(own.block_on(jobs(count, 0))),
        "one_us_job" => Some(own.block_on(jobs(count, microsecond))),
        _ => None,
    };
    rounds(run, |_| "ns", &[]);
}
