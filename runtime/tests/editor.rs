//! What an editor knows of an activity, finished or half-typed: rust-analyzer itself is asked, over the
//! protocol that editors speak, where it is installed.
//!
//! Its project is described to it file by file, so that nothing is built and it answers in a second.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

const SOURCE: &str = r#"use autobeat::{Checkpoint, activities, activity};

/// Counts.
#[activity(heartbeat_timeout = "30s", stall)]
async fn half_typed(checkpoint: Checkpoint<u64>) -> Result<u64, ()> {
    checkpoint.
}

#[activity(heartbeat_timeout = "30s", start_to_close_timeout = "1h")]
async fn finished(checkpoint: Checkpoint<u64>) -> Result<u64, ()> {
    let done = checkpoint.get();
    half_typed.
    Ok(done)
}

#[activity(heartbeat_timeout = "30s", retry(back))]
async fn retried() -> Result<(), ()> {
    Ok(())
}

#[activity(heartbeat_timeout = "30s", on_bad_checkpoint = )]
async fn without_a_word() -> Result<(), ()> {
    Ok(())
}

#[activity(heartbeat_timeout = "30s", cancellation_type = try_cancel, cancel_grace = ne)]
async fn with_words() -> Result<(), ()> {
    Ok(())
}

struct Greeter;

#[activities(heartbeat_timeout = "30s")]
impl Greeter {
    #[activity(max_att)]
    async fn greet(checkpoint: Checkpoint<u64>) -> Result<u64, ()> {
        checkpoint.
    }

    #[activity(cancellation_type = wai)]
    async fn wait() -> Result<(), ()> {
        Ok(())
    }
}
"#;

#[test]
fn an_editor_knows_keys_handles_and_markers() {
    let Some(program) = rust_analyzer() else {
        println!("rust-analyzer is not installed: nothing is asked");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut editor = Editor::open(&program, folder.path());
    for place in ["stall", "max_att"] {
        let keys = editor.completion(place);
        for key in ["stall_timeout", "max_attempts", "heartbeat_interval", "on_bad_checkpoint"] {
            assert!(keys.iter().any(|it| it == key), "{key} at {place}: {keys:?}");
        }
    }
    let keys = editor.completion("retry(back");
    assert!(keys.iter().any(|it| it == "backoff_coefficient"), "{keys:?}");
    assert!(keys.iter().all(|it| it != "max_attempts"), "that one stands beside it: {keys:?}");
    for place in ["    checkpoint.", "        checkpoint."] {
        let handles = editor.completion(place);
        assert!(handles.iter().any(|it| it == "save"), "{handles:?}");
        assert!(handles.iter().all(|it| !it.starts_with('_')), "nothing of ours: {handles:?}");
    }
    let marker = editor.completion("    half_typed.");
    assert!(marker.iter().any(|it| it == "options"), "{marker:?}");
    assert!(marker.iter().all(|it| !it.starts_with('_')), "nothing of ours: {marker:?}");

    let hover = editor.ask("textDocument/hover", "let done = checkpoint.ge").to_string();
    assert!(hover.contains("The newest saved value"), "{hover}");
    let hover = editor.ask("textDocument/hover", "async fn finishe").to_string();
    assert!(hover.contains("struct finished") && hover.contains("Result<u64, ()>"), "{hover}");
    let definition = editor.ask("textDocument/definition", "    half_type");
    assert_eq!(definition[0]["range"]["start"]["line"], 4, "{definition}");
}

#[test]
fn an_editor_knows_the_words_of_each_key() {
    let Some(program) = rust_analyzer() else {
        println!("rust-analyzer is not installed: nothing is asked");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut editor = Editor::open(&program, folder.path());
    let of_cancellation = ["wait_cancellation_completed", "try_cancel", "abandon"];
    for (place, words, words_of_others) in [
        ("on_bad_checkpoint = ", &["retry", "fail", "restart"][..], "abandon"),
        ("cancel_grace = ne", &["never"], "restart"),
        ("cancellation_type = wai", &of_cancellation, "restart"),
        ("cancellation_type = try_c", &of_cancellation, "never"),
    ] {
        let offered = editor.completion(place);
        for word in words {
            assert!(offered.iter().any(|it| it == word), "{word} after {place}: {offered:?}");
        }
        let are_of_others = offered.iter().any(|it| it == words_of_others);
        assert!(!are_of_others, "words of another key after {place}: {offered:?}");
    }
    let hover = editor.ask("textDocument/hover", "cancellation_type = try_c").to_string();
    assert!(hover.contains("goes on at once"), "{hover}");
}

#[test]
fn every_key_of_a_policy_is_an_item_that_an_editor_can_find() {
    use autobeat::__private::{keys, retry_keys};
    let _: [(); 5] = [
        keys::retry,
        retry_keys::initial_interval,
        retry_keys::backoff_coefficient,
        retry_keys::maximum_interval,
        retry_keys::non_retryable_error_types,
    ];
}

#[test]
fn every_word_is_an_item_that_an_editor_can_find() {
    use autobeat::__private::words::{cancel_grace, cancellation_type, on_bad_checkpoint};
    let _: [(); 7] = [
        cancellation_type::wait_cancellation_completed,
        cancellation_type::try_cancel,
        cancellation_type::abandon,
        on_bad_checkpoint::retry,
        on_bad_checkpoint::fail,
        on_bad_checkpoint::restart,
        cancel_grace::never,
    ];
}

/// The program, where it is there and runs.
fn rust_analyzer() -> Option<PathBuf> {
    let program = PathBuf::from(env::var_os("RUST_ANALYZER").unwrap_or("rust-analyzer".into()));
    let runs = Command::new(&program).arg("--version").output().is_ok_and(|it| it.status.success());
    runs.then_some(program)
}

/// The macros as this test was built with them: the newest beside it.
fn macros() -> PathBuf {
    let deps = env::current_exe().unwrap().parent().unwrap().to_owned();
    let files = fs::read_dir(deps).unwrap().map(|entry| entry.unwrap().path());
    let is_macros = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.contains("autobeat_macros-") && name.ends_with(env::consts::DLL_SUFFIX)
    };
    files.filter(is_macros).max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

/// What there is to know: this crate, its macros, and one that uses them.
fn project(folder: &Path) -> Value {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = String::from_utf8(output.stdout).unwrap();
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR"));
    let of = |name: &str, root: PathBuf, deps: Value| {
        json!({ "display_name": name, "root_module": root, "edition": "2024", "deps": deps,
                "cfg": [], "env": {}, "is_workspace_member": true })
    };
    let mut macro_crate = of("autobeat_macros", runtime.join("../macros/src/lib.rs"), json!([]));
    macro_crate["is_proc_macro"] = json!(true);
    macro_crate["proc_macro_dylib_path"] = json!(macros());
    let on_macros = json!([{ "crate": 0, "name": "autobeat_macros" }]);
    let on_runtime = json!([{ "crate": 1, "name": "autobeat" }]);
    json!({ "sysroot": sysroot.trim(), "crates": [
        macro_crate,
        of("autobeat", runtime.join("src/lib.rs"), on_macros),
        of("user", folder.join("main.rs"), on_runtime),
    ] })
}

/// An editor that has one file open.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
    file: String,
}

impl Editor {
    fn open(program: &Path, folder: &Path) -> Self {
        fs::write(folder.join("main.rs"), SOURCE).unwrap();
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.stderr(Stdio::null()).spawn().unwrap();
        let input = server.stdin.take().unwrap();
        let output = BufReader::new(server.stdout.take().unwrap());
        let file = format!("file://{}", folder.join("main.rs").display());
        let mut editor = Self { server, input, output, asked: 0, file };
        editor.begin(folder);
        editor
    }

    fn begin(&mut self, folder: &Path) {
        let options = json!({ "linkedProjects": [project(folder)], "checkOnSave": false });
        let capabilities = json!({ "experimental": { "serverStatusNotification": true } });
        self.request(
            "initialize",
            &json!({ "capabilities": capabilities, "initializationOptions": options,
                     "rootUri": format!("file://{}", folder.display()) }),
        );
        self.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        let document =
            json!({ "uri": self.file, "languageId": "rust", "version": 1, "text": SOURCE });
        self.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen",
                           "params": { "textDocument": document } }));
        while self.receive()["params"]["quiescent"] != true {}
    }

    /// What is offered after the first place with this text.
    fn completion(&mut self, after: &str) -> Vec<String> {
        let answer = self.ask("textDocument/completion", after);
        let items = answer.get("items").unwrap_or(&answer).as_array().unwrap();
        items.iter().filter_map(|item| Some(item["label"].as_str()?.to_owned())).collect()
    }

    fn ask(&mut self, method: &str, after: &str) -> Value {
        // At the beginning of a line or of a word, so that one text is not found within another.
        let (line, text) = SOURCE
            .lines()
            .enumerate()
            .find(|(_, line)| {
                if after.starts_with(' ') { line.starts_with(after) } else { line.contains(after) }
            })
            .unwrap();
        let character = text.find(after).unwrap() + after.len();
        let document = json!({ "uri": self.file });
        let position = json!({ "line": line, "character": character });
        self.request(method, &json!({ "textDocument": document, "position": position }))
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{message}");
                return message["result"].clone();
            }
        }
    }

    fn send(&mut self, message: &Value) {
        let message = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{message}", message.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// The next message; what the server asks for is answered with nothing.
    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server has ended");
            match line.trim().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).unwrap();
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        if let (Some(id), true) = (message.get("id"), message.get("method").is_some()) {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
        }
        message
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
