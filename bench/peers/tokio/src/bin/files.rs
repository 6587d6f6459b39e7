//! tokio::fs, which reads on the blocking pool. It has no read at an offset: for that there is one job with the call of the standard
//! library, which its manual says for such cases.

use peer_tokio::rounds;
use std::cell::Cell;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::task::{spawn_blocking, LocalSet};

const LARGE_SIZE: u64 = 256 << 20;
const PIECE: usize = 4096;
const LARGE_PIECE: usize = 1 << 20;
const IN_FLIGHT: usize = 64;
const SMALL_FILES: usize = 10_000;
const SMALL_SIZE: usize = 1024;

async fn in_tasks<F, Fut>(count: usize, body: F) -> f64
where
    F: Fn() -> Fut,
    Fut: std::future::Future<Output = ()> + 'static,
{
    let start = Instant::now();
    let all: Vec<_> = (0..IN_FLIGHT).map(|_| tokio::task::spawn_local(body())).collect();
    for task in all {
        task.await.unwrap();
    }
    start.elapsed().as_nanos() as f64 / count as f64 / 1e3
}

async fn random_reads(path: String, count: usize) -> f64 {
    let state = Rc::new(Cell::new(1u64));
    let left = Rc::new(Cell::new(count));
    let file = Arc::new(std::fs::File::open(path).unwrap());
    in_tasks(count, move || {
        let (file, state, left) = (file.clone(), state.clone(), left.clone());
        async move {
            let mut buffer = vec![0; PIECE];
            while left.get() > 0 {
                left.set(left.get() - 1);
                state.set(state.get().wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
                let offset = (state.get() >> 33) % (LARGE_SIZE / PIECE as u64) * PIECE as u64;
                let file = file.clone();
                buffer = spawn_blocking(move || {
                    file.read_exact_at(&mut buffer, offset).unwrap();
                    buffer
                })
                .await
                .unwrap();
            }
        }
    })
    .await
}

async fn sequential(path: String) -> f64 {
    let mut file = File::open(path).await.unwrap();
    file.set_max_buf_size(LARGE_PIECE);
    let mut buffer = vec![0; LARGE_PIECE];
    let mut total = 0;
    let start = Instant::now();
    loop {
        let got = file.read(&mut buffer).await.unwrap();
        if got == 0 {
            return total as f64 / start.elapsed().as_nanos() as f64;
        }
        total += got;
    }
}

async fn small_files(path: String, count: usize) -> f64 {
    let next = Rc::new(Cell::new(0usize));
    in_tasks(count, move || {
        let (path, next) = (path.clone(), next.clone());
        async move {
            while next.get() < count {
                let own = next.replace(next.get() + 1);
                // One job for open, read and close: the way that tokio's manual gives for whole files.
                let text = tokio::fs::read(format!("{path}.d/{}", own % SMALL_FILES)).await.unwrap();
                assert_eq!(text.len(), SMALL_SIZE);
            }
        }
    })
    .await
}

fn main() {
    let path = std::env::args().nth(4).unwrap();
    let run = |work: &str, count: usize| {
        let own = tokio::runtime::Builder::new_current_thread().max_blocking_threads(2).build().unwrap();
        let local = LocalSet::new();
        Some(match work {
            "random_4k" => local.block_on(&own, random_reads(path.clone(), count)),
            "sequential_1m" => local.block_on(&own, sequential(path.clone())),
            "small_files" => local.block_on(&own, small_files(path.clone(), count)),
            _ => return None,
        })
    };
    rounds(run, |work| if work == "sequential_1m" { "GB/s" } else { "us" }, &[]);
}
