//! tokio's current-thread runtime, the fast one for one core; post_thread has a second thread beside it.

use peer_tokio::{cpu, resident_bytes, rounds, Chance};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, Mutex};
use tokio::task::yield_now;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn yields(tasks: usize, times: usize) -> f64 {
    let all: Vec<_> = (0..tasks).map(|_| tokio::spawn(async move { for _ in 0..times + 1 { yield_now().await } })).collect();
    yield_now().await; // every task has had its first turn
    let start = cpu();
    for task in all {
        task.await.unwrap();
    }
    (cpu() - start) / (tasks * times) as f64
}

async fn spawn_join(count: usize) -> f64 {
    let start = cpu();
    for _ in 0..count {
        tokio::spawn(async {}).await.unwrap();
    }
    (cpu() - start) / count as f64
}

async fn leaf(value: usize) -> usize {
    value
}

// A future that is awaited in place is a part of its parent in Rust; on the heap it is what a child is for the others.
async fn child_await(count: usize) -> f64 {
    let start = cpu();
    let mut odd = 0;
    for i in 0..count {
        let child: std::pin::Pin<Box<dyn std::future::Future<Output = usize> + Send>> = Box::pin(leaf(std::hint::black_box(i)));
        odd += child.await & 1;
    }
    assert_eq!(odd, count / 2);
    (cpu() - start) / count as f64
}

async fn queue_pingpong(count: usize) -> f64 {
    let times = count / 2;
    let (send_there, mut receive_there) = mpsc::channel::<usize>(1);
    let (send_back, mut receive_back) = mpsc::channel::<usize>(1);
    tokio::spawn(async move { while let Some(item) = receive_there.recv().await { send_back.send(item).await.unwrap() } });
    yield_now().await;
    let start = cpu();
    for i in 0..times {
        send_there.send(i).await.unwrap();
        receive_back.recv().await.unwrap();
    }
    (cpu() - start) / (2 * times) as f64
}

async fn lock(count: usize) -> f64 {
    let own = Mutex::new(0);
    let start = cpu();
    for _ in 0..count {
        *own.lock().await += 1;
    }
    (cpu() - start) / count as f64
}

async fn gather(count: usize) -> f64 {
    let start = cpu();
    let all: Vec<_> = (0..count).map(|i| tokio::spawn(leaf(i))).collect();
    let mut values = Vec::with_capacity(count);
    for task in all {
        values.push(task.await.unwrap());
    }
    assert_eq!(values.len(), count);
    (cpu() - start) / count as f64
}

async fn cancel(count: usize) -> f64 {
    let mut chance = Chance(88172645463325252);
    let all: Vec<_> = (0..count)
        .map(|_| tokio::spawn(tokio::time::sleep(Duration::from_millis(3_600_000 + chance.next() % 3_600_000))))
        .collect();
    // Until every task has had its first turn and sleeps.
    for _ in 0..count / 16 {
        yield_now().await;
    }
    let start = cpu();
    for task in &all {
        task.abort();
    }
    for task in all {
        assert!(task.await.unwrap_err().is_cancelled());
    }
    (cpu() - start) / count as f64
}

// A future for each call: what Handle::spawn takes.
async fn post_soon(count: usize) -> f64 {
    let (done, all) = oneshot::channel();
    let mut done = Some(done);
    let left = Arc::new(AtomicUsize::new(count));
    let start = cpu();
    for i in 0..count {
        let left = left.clone();
        let done = if i + 1 == count { done.take() } else { None };
        tokio::spawn(async move {
            left.fetch_sub(1, Ordering::Relaxed);
            if let Some(done) = done {
                done.send(()).unwrap();
            }
        });
    }
    all.await.unwrap();
    (cpu() - start) / count as f64
}

type Call = Box<dyn FnOnce() + Send>;

// Handle::spawn from another thread makes a task of each call; functions that one task receives and calls cost less.
async fn post_thread(count: usize) -> f64 {
    let (calls, mut called) = mpsc::unbounded_channel::<Call>();
    let (done, mut all) = oneshot::channel();
    let other = std::thread::spawn(move || {
        let mut done = Some(done);
        let start = Instant::now();
        for i in 0..count {
            let done = if i + 1 == count { done.take() } else { None };
            let call = move || {
                if let Some(done) = done {
                    done.send(()).unwrap();
                }
            };
            calls.send(Box::new(call)).ok().unwrap();
        }
        start
    });
    while let Some(call) = called.recv().await {
        call();
    }
    all.try_recv().unwrap();
    let end = Instant::now();
    (end - other.join().unwrap()).as_nanos() as f64 / count as f64
}

async fn timers(count: usize) -> f64 {
    let mut chance = Chance(88172645463325252);
    let start = cpu();
    let all: Vec<_> = (0..count)
        .map(|_| tokio::spawn(tokio::time::sleep(Duration::from_nanos(chance.next() % (count as u64 * 1000)))))
        .collect();
    for task in all {
        task.await.unwrap();
    }
    (cpu() - start) / 1e9
}

async fn task_bytes(count: usize) -> f64 {
    let before = resident_bytes();
    for _ in 0..count {
        tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    }
    for _ in 0..count / 16 {
        yield_now().await;
    }
    (resident_bytes() - before) / count as f64
}

fn main() {
    let run = |work: &str, count: usize| {
        let own = runtime();
        Some(match work {
            "yield_2" => own.block_on(yields(2, count / 2)),
            "yield_10k" => own.block_on(yields(10_000, count / 10_000)),
            // Inside a task: what block_on runs itself is woken the long way.
            "spawn_join" => own.block_on(async { tokio::spawn(spawn_join(count)).await.unwrap() }),
            "child_await" => own.block_on(child_await(count)),
            "queue_pingpong" => own.block_on(async { tokio::spawn(queue_pingpong(count)).await.unwrap() }),
            "lock" => own.block_on(lock(count)),
            "gather_100k" => own.block_on(async { tokio::spawn(gather(count)).await.unwrap() }),
            "cancel_100k" => own.block_on(cancel(count)),
            "post_soon" => own.block_on(post_soon(count)),
            "post_thread" => own.block_on(async { tokio::spawn(post_thread(count)).await.unwrap() }),
            "timers_1m_cpu" => own.block_on(timers(count)),
            "task_bytes" => {
                let bytes = own.block_on(task_bytes(count));
                std::mem::forget(own); // the process ends, its tasks need not
                bytes
            }
            _ => return None,
        })
    };
    let unit = |work: &str| match work {
        "timers_1m_cpu" => "s",
        "task_bytes" => "B",
        _ => "ns",
    };
    rounds(run, unit, &["task_bytes"]);
}
