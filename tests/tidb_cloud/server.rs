//! A web server that demands HTTP digest authentication as RFC 7616 has it, and checks what it gets
//! by code of its own.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use md5::{Digest, Md5};
use sha2::Sha256;

pub(crate) const PUBLIC: &str = "PUBKEY01";
pub(crate) const PRIVATE: &str = "Pl4nted-private-key";
const REALM: &str = "tidb.cloud";

/// The two algorithms of RFC 7616 that are in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        let bytes = match self {
            Self::Md5 => Md5::digest(text).to_vec(),
            Self::Sha256 => Sha256::digest(text).to_vec(),
        };
        bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// The response that RFC 7616 §3.4.1 asks for, with `qop=auth`.
    pub(crate) fn response(
        self,
        [user, realm, password]: [&str; 3],
        [method, uri]: [&str; 2],
        [nonce, count, cnonce]: [&str; 3],
    ) -> String {
        let who = self.hash(&format!("{user}:{realm}:{password}"));
        let what = self.hash(&format!("{method}:{uri}"));
        self.hash(&format!("{who}:{nonce}:{count}:{cnonce}:auth:{what}"))
    }
}

/// How a server lets clients in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// By digest; a nonce is good for ever.
    Digest(Algorithm),
    /// By digest; a nonce is good once.
    OneTime,
    /// By digest, and no nonce is ever good.
    Stale,
    /// By a password in the clear.
    Basic,
    /// Everybody.
    Open,
}

/// What is answered to a request for a path with its query.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

impl Answer {
    pub(crate) fn ok(body: &serde_json::Value) -> Self {
        Self::status(200, &body.to_string())
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), after: Duration::ZERO }
    }
}

/// What was asked for, once per request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) target: String,
    /// The whole head, as sent.
    pub(crate) head: String,
    /// Whether the door let it in.
    pub(crate) is_in: bool,
}

/// A server on a port of its own, for as long as the test runs.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What all connections share.
struct Shared {
    door: Door,
    answers: BTreeMap<String, Answer>,
    asked: Arc<Mutex<Vec<Asked>>>,
    nonces: Mutex<Nonces>,
}

#[derive(Default)]
struct Nonces {
    given: usize,
    used: HashSet<String>,
    /// The counts that came with each, none of which may come twice.
    counts: HashSet<(String, String)>,
}

impl Server {
    /// Starts; what isn't among the answers is answered 404, as TiDB Cloud does.
    pub(crate) fn start(door: Door, answers: BTreeMap<String, Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared =
            Arc::new(Shared { door, answers, asked: Arc::clone(&asked), nonces: Mutex::default() });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(&stream));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The paths, with their queries, of what was let in, in order.
    pub(crate) fn answered(&self) -> Vec<String> {
        let mut targets: Vec<String> =
            self.asked().into_iter().filter(|it| it.is_in).map(|it| it.target).collect();
        targets.sort();
        targets
    }
}

impl Shared {
    /// Answers one request after another, until the client has had enough.
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(head) = head(&mut reader) {
            let mut words = head.split(' ');
            let (method, target) = (words.next().unwrap(), words.next().unwrap());
            let verdict = self.door(method, target, &head);
            self.asked.lock().unwrap().push(Asked {
                target: target.into(),
                head: head.clone(),
                is_in: verdict.is_ok(),
            });
            let answer = match verdict {
                Ok(()) => self.answers.get(target).cloned().unwrap_or_else(|| {
                    Answer::status(404, r#"{"code":5,"message":"no such thing","details":[]}"#)
                }),
                Err(challenge) => {
                    let mut answer = Answer::status(
                        401,
                        r#"{"code":49900001,"message":"public_key not found","details":[]}"#,
                    );
                    answer.headers.push(("WWW-Authenticate", challenge));
                    answer
                }
            };
            thread::sleep(answer.after);
            let headers: Vec<String> =
                answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let headers = headers.concat();
            let text = format!(
                "HTTP/1.1 {} X\r\n{headers}Content-Length: {}\r\n\r\n{}",
                answer.status,
                answer.body.len(),
                answer.body
            );
            if (&*stream).write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }

    /// Lets a request in, or says what to answer to come in.
    fn door(&self, method: &str, target: &str, head: &str) -> Result<(), String> {
        let algorithm = match self.door {
            Door::Open => return Ok(()),
            Door::Basic => return Err("Basic realm=\"tidb.cloud\"".into()),
            Door::Digest(algorithm) => algorithm,
            Door::OneTime | Door::Stale => Algorithm::Md5,
        };
        let mut nonces = self.nonces.lock().unwrap();
        let sent = head
            .lines()
            .find_map(|line| line.strip_prefix("authorization: Digest "))
            .or_else(|| head.lines().find_map(|line| line.strip_prefix("Authorization: Digest ")))
            .map(parameters);
        let mut is_stale = false;
        if let Some(sent) = sent {
            let of = |name: &str| sent.get(name).map_or("", String::as_str);
            assert_eq!(of("uri"), target, "the digest is about what is asked for");
            let expected = algorithm.response(
                [PUBLIC, REALM, PRIVATE],
                [method, target],
                [of("nonce"), of("nc"), of("cnonce")],
            );
            let is_ours = of("nonce")
                .strip_prefix("n-")
                .and_then(|number| number.parse::<usize>().ok())
                .is_some_and(|number| number < nonces.given);
            let is_right = is_ours
                && of("username") == PUBLIC
                && of("realm") == REALM
                && of("qop") == "auth"
                && of("opaque") == "o+/="
                && of("response") == expected;
            let is_new = nonces.counts.insert((of("nonce").into(), of("nc").into()));
            let was_used = !nonces.used.insert(of("nonce").into());
            is_stale = self.door == Door::Stale || (self.door == Door::OneTime && was_used);
            if is_right && is_new && !is_stale {
                return Ok(());
            }
        }
        nonces.given += 1;
        Err(format!(
            "Digest realm=\"{REALM}\", qop=\"auth\", algorithm={}, nonce=\"n-{}\", opaque=\"o+/=\"{}",
            algorithm.name(),
            nonces.given - 1,
            if is_stale { ", stale=true" } else { "" }
        ))
    }
}

/// The head of a request, or nothing at the end.
fn head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if &head[before..] == "\r\n" {
            return Some(head);
        }
    }
}

/// `name="value", name=value`: no value here has a comma or an escape.
fn parameters(text: &str) -> HashMap<String, String> {
    text.split(',')
        .filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            Some((name.to_owned(), value.trim_matches('"').to_owned()))
        })
        .collect()
}
