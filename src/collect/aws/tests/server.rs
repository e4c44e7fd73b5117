//! A server on loopback that speaks AWS's protocols: JSON 1.1 for DMS and KMS, forms and XML for EC2
//! and IAM. What it answers, a test says.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;

/// One request, as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Its IAM action.
    pub(super) action: String,
    /// Its parameters: the members of a JSON body, or the fields of a form.
    pub(super) parameters: BTreeMap<String, String>,
    /// How many of this action came before.
    pub(super) before: usize,
    /// The access key that signed it.
    pub(super) key: String,
}

/// What the server says.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) delay: Duration,
}

impl Answer {
    pub(super) fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, body: body.into(), delay: Duration::ZERO }
    }

    /// A refusal in the service's own form.
    pub(super) fn refused(action: &str, code: &str, message: &str) -> Self {
        let (service, _) = action.split_once(':').unwrap();
        let body = match service {
            "ec2" => format!(
                "<?xml version=\"1.0\"?><Response><Errors><Error><Code>{code}</Code>\
                 <Message>{message}</Message></Error></Errors><RequestID>1</RequestID></Response>"
            ),
            "iam" => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            ),
            _ => serde_json::json!({ "__type": code, "message": message }).to_string(),
        };
        let status = if service == "ec2" && code == "UnauthorizedOperation" { 403 } else { 400 };
        Self { status, body, delay: Duration::ZERO }
    }

    pub(super) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// A server that runs until the test's process ends.
#[derive(Clone)]
pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(super) fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let handler: Arc<Handler> = Arc::new(handler);
        let seen = server.seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, seen) = (handler.clone(), seen.clone());
                // A client that hangs up in mid-request is the test's own doing.
                thread::spawn(move || serve(stream, &*handler, &seen).unwrap_or_default());
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, handler: &Handler, seen: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8(body).unwrap();
        let signed = headers["authorization"].strip_prefix("AWS4-HMAC-SHA256 Credential=");
        let key =
            signed.and_then(|signed| signed.split('/').next()).expect("not signed").to_owned();
        let request = {
            let mut seen = seen.lock().unwrap();
            let (action, parameters) = read(&headers, &body);
            let before = seen.iter().filter(|request: &&Request| request.action == action).count();
            let request = Request { action, parameters, before, key };
            seen.push(request.clone());
            request
        };
        let answer = handler(&request);
        thread::sleep(answer.delay);
        let (status, body) = (answer.status, answer.body);
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        // In one piece: small ones wait for each other.
        writer.write_all(format!("{head}{body}").as_bytes())?;
    }
}

/// The IAM action and the parameters of a request.
fn read(headers: &BTreeMap<String, String>, body: &str) -> (String, BTreeMap<String, String>) {
    if let Some(target) = headers.get("x-amz-target") {
        let (service, operation) = target.split_once('.').unwrap();
        let service = match service {
            "AmazonDMSv20160101" => "dms",
            "TrentService" => "kms",
            other => other,
        };
        let members: BTreeMap<String, Value> = serde_json::from_str(body).unwrap();
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let parameters = members.into_iter().map(|(name, value)| (name, text(value))).collect();
        return (format!("{service}:{operation}"), parameters);
    }
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let fields: BTreeMap<String, String> = body
        .split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let service = if fields["Version"] == "2010-05-08" { "iam" } else { "ec2" };
    (format!("{service}:{}", fields["Action"]), fields)
}
