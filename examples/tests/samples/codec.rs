//! What `watch` shows where a codec hides the details, with the codec server of that and without.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use autobeat_tests::{
    conversion::with_codec,
    environment::{Environment, eventually},
    side_by_side::{COUNT_AND_SHOW, WithAutobeat},
};
use futures_util::FutureExt;
use temporalio_common::{
    data_converters::{ActivitySerializationContext, SerializationContextData},
    protos::temporal::api::common::v1::Payloads,
};

use crate::{Stage, count, lines};

const AUTH: &str = "Bearer of-the-test";

/// Decodes over HTTP, as the codec servers of the SDKs' samples do.
struct CodecServer {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What a question was like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    first_line: String,
    content_type: String,
    namespace: String,
    auth: String,
}

impl CodecServer {
    /// On a thread that ends with the tests.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let notes = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let question = answer(&stream.unwrap());
                notes.lock().unwrap().push(question);
            }
        });
        Self { address, asked }
    }

    fn endpoint(&self) -> String {
        format!("http://{}/of/{{namespace}}", self.address)
    }
}

fn answer(mut stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let (asked, length) = head(&mut reader);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, said) = if asked.auth == AUTH {
        ("200 OK", decode(&body))
    } else {
        ("401 Unauthorized", "nobody knows that key\n".to_owned())
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{said}",
        said.len()
    )
    .unwrap();
    asked
}

/// What stands before a body, and how long that is.
fn head(reader: &mut impl BufRead) -> (Asked, usize) {
    let (mut asked, mut length) = (Asked::default(), 0);
    for line in reader.lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(": ") else {
            asked.first_line = line;
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-type" => value.clone_into(&mut asked.content_type),
            "content-length" => length = value.parse().unwrap(),
            "x-namespace" => value.clone_into(&mut asked.namespace),
            "authorization" => value.clone_into(&mut asked.auth),
            _ => {}
        }
    }
    (asked, length)
}

fn decode(body: &[u8]) -> String {
    let asked: Payloads = serde_json::from_slice(body).unwrap();
    let converter = with_codec();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    let decoded = converter.codec().decode(&data, asked.payloads).now_or_never().unwrap();
    serde_json::to_string(&Payloads { payloads: decoded.unwrap() }).unwrap()
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    lines(&output.stdout).join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_server_decodes_what_is_shown() {
    let Some(environment) = Environment::open_with(with_codec()).await else { return };
    let name = environment.name().to_owned();
    let _worker = environment.worker_of(WithAutobeat).await;
    let plan = environment.plan(100_000, Duration::from_millis(20));
    let run = environment.start(environment.job(COUNT_AND_SHOW, plan)).await;
    let stored = async || run.stored_payload().await;
    eventually("a heartbeat", Duration::from_mins(1), stored).await;

    let stage = Stage::on(environment);
    let server = CodecServer::start();
    let endpoint = server.endpoint();
    let watch = |arguments: &[&str]| {
        let mut command = stage.command("watch", &[&[&*name, "--looks", "1"], arguments].concat());
        // Those of whoever runs the tests.
        command.env_remove("TEMPORAL_CODEC_ENDPOINT").env_remove("TEMPORAL_CODEC_AUTH");
        command
    };
    let hidden = said(&mut watch(&[]));
    assert!(hidden.contains(" of binary/reversed"), "{hidden}");
    let arguments = ["--codec-endpoint", &endpoint, "--codec-auth", AUTH];
    let variables = [("TEMPORAL_CODEC_ENDPOINT", &*endpoint), ("TEMPORAL_CODEC_AUTH", AUTH)];
    let elsewhere =
        [("TEMPORAL_CODEC_ENDPOINT", "http://127.0.0.1:1"), ("TEMPORAL_CODEC_AUTH", "")];
    for shown in [
        said(&mut watch(&arguments)),
        said(watch(&[]).envs(variables)),
        said(watch(&arguments).envs(elsewhere)),
    ] {
        assert!(shown.contains(" of 100,000"), "{shown}");
    }
    let asked = server.asked.lock().unwrap().clone();
    let question = Asked {
        first_line: "POST /of/default/decode HTTP/1.1".to_owned(),
        content_type: "application/json".to_owned(),
        namespace: "default".to_owned(),
        auth: AUTH.to_owned(),
    };
    assert_eq!(asked, [(); 3].map(|()| question.clone()), "one a look");

    let refused = said(&mut watch(&["--codec-endpoint", &endpoint]));
    assert!(refused.contains("not decoded: 401 Unauthorized nobody knows that key"), "{refused}");
    let nobody = lines(said(watch(&[]).envs(elsewhere)).as_bytes());
    assert_eq!(
        (count(&nobody, "not decoded: "), count(&nobody, " · attempt ")),
        (1, 1),
        "{nobody:?}"
    );
    a_silent_one_holds_nobody(watch);
    run.terminate().await;
}

/// It takes the question and never answers: whoever watches goes when he likes.
fn a_silent_one_holds_nobody(watch: impl Fn(&[&str]) -> Command) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut watching = watch(&["--codec-endpoint", &endpoint]).spawn().unwrap();
    let (question, _) = listener.accept().unwrap();
    let asked = Instant::now();
    let id = watching.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert!(watching.wait().unwrap().success());
    // Far from the ten seconds for which it waits for an answer.
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    drop(question);
}
