//! An endpoint of AWS on loopback that answers for DMS and Secrets Manager from a patient's inventory,
//! late if it is told to; everything else it denies. The lab has the real thing; this one has a clock.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    doctor::{World, program},
    server::{Server, hang},
};

/// The AWS of a test.
pub(crate) struct Aws {
    server: Server,
    /// How often each operation was asked for.
    pub(crate) asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Aws {
    /// Answers from an inventory after a while; secrets by their ids, and one fresh test.
    pub(crate) fn start(inventory: Value, secrets: Value, delay: Duration) -> Self {
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let counted = Arc::clone(&asked);
        let server = Server::start(move |stream, _| {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while let Some((target, body)) = request(&mut reader) {
                *counted.lock().unwrap().entry(target.clone()).or_insert(0) += 1;
                thread::sleep(delay);
                let tested = counted.lock().unwrap().contains_key("TestConnection");
                let answer = answer(&target, &body, &inventory, &secrets, tested);
                if respond(&stream, answer.as_ref()).is_none() {
                    return;
                }
            }
        });
        Self { server, asked }
    }

    /// Takes every connection, and never says a word.
    pub(crate) fn silent() -> Self {
        Self { server: Server::start(|_, _| hang()), asked: Arc::default() }
    }

    /// `doctor` that finds its AWS here.
    pub(crate) fn doctor(&self, world: &World, arguments: &[&str]) -> std::process::Command {
        let mut command = program();
        command
            .arg("doctor")
            .args(arguments)
            .arg("--save-facts")
            .arg(world.file("after.json"))
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.server.port))
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "not-a-secret")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        command
    }
}

/// One request: the operation, or the path of what isn't JSON, and the body.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let mut target = String::new();
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "x-amz-target" => target = value.rsplit('.').next()?.to_owned(),
                "content-length" => length = value.parse().ok()?,
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if target.is_empty() {
        let form = String::from_utf8_lossy(&body).into_owned();
        let action = form.split('&').find_map(|part| part.strip_prefix("Action="));
        return Some((action.unwrap_or("?").to_owned(), Value::Null));
    }
    Some((target, serde_json::from_slice(&body).unwrap_or_default()))
}

fn answer(
    target: &str,
    body: &Value,
    inventory: &Value,
    secrets: &Value,
    tested: bool,
) -> Option<Value> {
    let list = |key: &str| Some(json!({ key: inventory[key].as_array()? }));
    match target {
        "DescribeConnections" if tested => {
            let mut answer = list("Connections")?;
            for connection in answer["Connections"].as_array_mut()? {
                connection["Status"] = "failed".into();
                connection["LastFailureMessage"] = "freshly failed".into();
            }
            Some(answer)
        }
        "TestConnection" => Some(json!({"Connection": {"Status": "testing"}})),
        "GetSecretValue" => {
            let secret = &secrets[body["SecretId"].as_str()?];
            (!secret.is_null()).then(|| json!({"SecretString": secret.to_string()}))
        }
        _ => list(target.strip_prefix("Describe")?),
    }
}

fn respond(mut stream: &TcpStream, answer: Option<&Value>) -> Option<()> {
    let (status, body) = match answer {
        Some(answer) => ("200 OK", answer.to_string()),
        None => (
            "400 Bad Request",
            json!({"__type": "AccessDeniedException", "message": "not for you"}).to_string(),
        ),
    };
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).ok()
}
