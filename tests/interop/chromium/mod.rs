//! Owns a real headless Chromium, and what is said to it: the DevTools protocol over a WebSocket.

mod keys;
mod report;
mod screens;
mod terminal;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket, client};

/// A browser that has not answered after this never will.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often something that will come soon is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A browser with a profile of its own, which asks nobody but the files it is shown. Ended with the value.
pub struct Browser {
    process: Child,
    _profile: TempDir,
    socket: WebSocket<TcpStream>,
    last_id: u64,
    events: Vec<Value>,
}

impl Browser {
    pub fn start() -> Browser {
        let profile = TempDir::with_prefix("gfetch-chromium-").expect("a folder");
        // Root has no sandbox there, and a container's /dev/shm is small. Nothing is looked up or updated.
        let process = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-sync"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-default-apps"])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium is not installed: bash .ci/install");
        let (port, path) = told_in(&profile.path().join("DevToolsActivePort"));
        let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).expect("DevTools");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let (socket, _) = client(format!("ws://127.0.0.1:{port}{path}"), stream).expect("a WebSocket");
        Browser { process, _profile: profile, socket, last_id: 0, events: Vec::new() }
    }

    /// A page that shows nothing yet.
    pub fn page(&mut self) -> Page<'_> {
        let target = self.call(None, "Target.createTarget", json!({"url": "about:blank"}));
        let attached = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.call(None, "Target.attachToTarget", attached)["sessionId"].as_str().unwrap().to_owned();
        let mut page = Page { browser: self, session };
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page
    }

    /// Sends a command and waits for its answer; what comes before that is kept.
    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut command = json!({"id": self.last_id, "method": method, "params": parameters});
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.socket.send(Message::text(command.to_string())).expect("a browser that listens");
        loop {
            let message = self.receive();
            if message["id"] == self.last_id {
                assert!(message.get("error").is_none(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn receive(&mut self) -> Value {
        loop {
            match self.socket.read().expect("a browser that answers") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                _ => continue,
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It takes its own children with it.
        let _ = self.socket.send(Message::text(json!({"id": 0, "method": "Browser.close"}).to_string()));
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            thread::sleep(LOOK_EVERY);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Port and path, once the browser has written them down.
fn told_in(file: &Path) -> (u16, String) {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = fs::read_to_string(file).unwrap_or_default();
        if let Some((port, path)) = told.split_once('\n').filter(|(_, path)| path.starts_with('/')) {
            return (port.parse().expect("a port"), path.trim().to_owned());
        }
        assert!(Instant::now() < until, "chromium did not start in {PATIENCE:?}");
        thread::sleep(LOOK_EVERY);
    }
}

/// One tab.
pub struct Page<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl Page<'_> {
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        let session = self.session.clone();
        self.browser.call(Some(&session), method, parameters)
    }

    /// So many CSS pixels, as on a telephone or a desk.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    pub fn prefer_dark(&mut self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": value}]}),
        );
    }

    pub fn forbid_scripts(&mut self) {
        self.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    }

    /// Shows a file, and waits until it has loaded.
    pub fn open(&mut self, file: &Path) {
        self.browser.events.clear();
        self.call("Page.navigate", json!({"url": format!("file://{}", file.display())}));
        let loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.browser.events.iter().any(loaded) {
            let event = self.browser.receive();
            self.answer_dialog(&event);
            self.browser.events.push(event);
        }
    }

    /// A dialog stops everything until it is answered.
    fn answer_dialog(&mut self, event: &Value) {
        if event["method"] == "Page.javascriptDialogOpening" {
            self.call("Page.handleJavaScriptDialog", json!({"accept": false}));
        }
    }

    /// The value of an expression in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let told = self.call("Runtime.evaluate", asked);
        assert!(told.get("exceptionDetails").is_none(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    pub fn text(&mut self, selector: &str) -> String {
        let found = self.eval(&format!("document.querySelector({})?.textContent", json!(selector)));
        found.as_str().unwrap_or_else(|| panic!("nothing is {selector}")).to_owned()
    }

    pub fn texts(&mut self, selector: &str) -> Vec<String> {
        let found =
            self.eval(&format!("[...document.querySelectorAll({})].map((e) => e.textContent)", json!(selector)));
        found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        while self.eval(expression) != true {
            assert!(Instant::now() < until, "not in {PATIENCE:?}: {expression}");
            thread::sleep(LOOK_EVERY);
        }
    }

    /// With the mouse, in the middle of what is found.
    pub fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "((e) => {{ e.scrollIntoView({{block: 'center'}}); const box = e.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})(document.querySelector({}))",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Everything that speaks against a page: exceptions, words on the console (a broken policy says its own), dialogs,
    /// and requests for anything but the page.
    pub fn troubles(&mut self) -> Vec<String> {
        // What happened until now has been told once this is answered.
        self.eval("0");
        let session = self.session.clone();
        let own = self.browser.events.iter().filter(|event| event["sessionId"] == session.as_str());
        let trouble = |event: &Value| match event["method"].as_str()? {
            "Runtime.exceptionThrown"
            | "Log.entryAdded"
            | "Runtime.consoleAPICalled"
            | "Page.javascriptDialogOpening" => Some(event.to_string()),
            "Network.requestWillBeSent" if event["params"]["type"] != "Document" => {
                Some(event["params"]["request"].to_string())
            }
            _ => None,
        };
        own.filter_map(trouble).collect()
    }

    /// Role and name of everything that a screen reader meets.
    pub fn accessible(&mut self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let told = |node: &Value| {
            let of = |what: &str| node[what]["value"].as_str().unwrap_or_default().to_owned();
            (node["ignored"] != true).then(|| (of("role"), of("name")))
        };
        tree["nodes"].as_array().unwrap().iter().filter_map(told).collect()
    }

    /// A picture of the page's upper part, as PNG.
    pub fn picture(&mut self, width: u32, height: u32) -> Vec<u8> {
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let asked = json!({"format": "png", "clip": clip, "captureBeyondViewport": true, "optimizeForSpeed": false});
        let picture = self.call("Page.captureScreenshot", asked);
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }
}
