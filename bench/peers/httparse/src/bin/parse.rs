//! httparse, which hyper reads heads with: pointers into the text; of the framing hyper decides. The text is that of bench/peers/common/heads.hpp.

use std::hint::black_box;
use std::time::Instant;

const SMALL: &str = "GET /hello.htm HTTP/1.1\r\nHost: an.example.net\r\n\r\n";
const _: () = assert!(SMALL.len() == 49);

const BROWSER: &str = concat!(
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n",
    "Host: www.kittyhell.example\r\n",
    "User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 ",
    "Pathtraq/0.9\r\n",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
    "Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n",
    "Accept-Encoding: gzip,deflate\r\n",
    "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n",
    "Keep-Alive: 115\r\n",
    "Connection: keep-alive\r\n",
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; ",
    "__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; ",
    "__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=readers.example|utmcct=/reader/|utmcmd=referral\r\n",
    "\r\n",
);
const _: () = assert!(BROWSER.len() == 703);

/// The processor time of the process in nanoseconds.
fn cpu() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

fn parse(text: &[u8]) -> usize {
    // Not made ready first, as in hyper.
    let mut headers = [const { std::mem::MaybeUninit::<httparse::Header>::uninit() }; 100];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(text, &mut headers) {
        Ok(httparse::Status::Complete(read)) if read == text.len() && request.version == Some(1) => request.headers.len(),
        _ => 0,
    }
}

fn heads(count: usize, head: &str, fields: usize) -> f64 {
    let start = cpu();
    let found: usize = (0..count).map(|_| parse(black_box(head.as_bytes()))).sum();
    let spent = cpu() - start;
    assert_eq!(found, fields * count, "a head was not read as it is");
    spent / count as f64
}

/// `WORK COUNT SECONDS`: the first round warms up and does not count.
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (work, count, seconds) = (words[0].as_str(), words[1].parse().unwrap(), words[2].parse::<f64>().unwrap());
    let (head, fields) = match work {
        "small" => (SMALL, 1),
        "browser" => (BROWSER, 9),
        _ => panic!("there is no work called {work}"),
    };
    let start = Instant::now();
    heads(count, head, fields);
    loop {
        println!("{{\"work\": \"{work}\", \"value\": {}, \"unit\": \"ns\"}}", heads(count, head, fields));
        if start.elapsed().as_secs_f64() >= seconds {
            break;
        }
    }
}
