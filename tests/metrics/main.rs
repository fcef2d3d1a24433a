//! What the SDK's own exporter for Prometheus says of attempts on a real server.

use std::{error::Error, sync::Arc, time::Duration};

use autobeat::metrics::{histogram_buckets, observe};
use autobeat_tests::{
    activities::Action,
    environment::Environment,
    server::connect,
    worker::activity_worker,
    workflows::{Job, Outcome},
};
use temporalio_common::telemetry::{
    PrometheusExporterOptions, TelemetryOptions, metrics::CoreMeter,
    start_prometheus_metric_exporter,
};
use temporalio_sdk::{Runtime, Worker, runtime::RuntimeOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ACTIVITY: &str = "process_items_or_stall";

/// What an exporter says.
struct Scrape {
    text: String,
}

impl Scrape {
    async fn of(address: std::net::SocketAddr) -> Result<Self, Box<dyn Error>> {
        let mut stream = TcpStream::connect(address).await?;
        let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(Self { text })
    }

    /// The value of a series: of this name, with at least these labels.
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
        let is_it = |series: &str| {
            let (found, rest) = series.split_once('{').unwrap_or((series, ""));
            let has =
                |(label, value): &(&str, &str)| rest.contains(&format!("{label}=\"{value}\""));
            found == name && labels.iter().all(has)
        };
        let series = self.text.lines().filter(|line| !line.starts_with('#'));
        let mut values = series.filter_map(|line| line.rsplit_once(' '));
        values.find(|(series, _)| is_it(series))?.1.parse().ok()
    }

    /// As [`value`](Self::value), of a series that must be there.
    fn get(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let value = self.value(name, labels);
        value.unwrap_or_else(|| panic!("no {name} with {labels:?} in\n{}", self.text))
    }
}

/// Runs a job in a worker that measures, and reads its exporter.
async fn measured(environment: &Environment, job: Job) -> Scrape {
    let exporter = PrometheusExporterOptions::builder()
        .socket_addr(([127, 0, 0, 1], 0).into())
        .histogram_bucket_overrides(histogram_buckets(false))
        .build();
    let exporter = start_prometheus_metric_exporter(exporter).unwrap();
    let meter: Arc<dyn CoreMeter> = exporter.meter;
    observe(Arc::clone(&meter)).unwrap();
    let telemetry = TelemetryOptions::builder().metrics(meter).build();
    let options = RuntimeOptions::builder().telemetry_options(telemetry).build().unwrap();
    let runtime = Runtime::from_current_tokio(options).unwrap();
    let client = connect(environment.address()).await.unwrap();
    let options = activity_worker(&job.task_queue, None);
    let mut worker = Worker::new(&runtime, client, options).unwrap();
    let scrape = tokio::select! {
        ended = worker.run() => panic!("the worker ended: {ended:?}"),
        scrape = async {
            assert_eq!(environment.start(job).await.outcome().await, Outcome::Completed(20));
            Scrape::of(exporter.bound_addr).await.unwrap()
        } => scrape,
    };
    exporter.abort_handle.abort();
    scrape
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exporter_of_the_sdk_shows_what_attempts_do() {
    let Some(environment) = Environment::open().await else { return };
    // Stalls in its first attempt, goes on in the second.
    let plan = environment.plan(20, Duration::from_millis(100));
    let job = environment.job(ACTIVITY, plan.before(1, 10, Action::Sleep(Duration::from_secs(8))));
    let queue = job.task_queue.clone();
    let scrape = measured(&environment, job).await;

    let labels = [("namespace", "default"), ("task_queue", &queue), ("activity_type", ACTIVITY)];
    counts(&scrape, &labels);
    distributions(&scrape, &labels);
    assert!(scrape.get("temporal_activity_task_received", &labels[..2]) >= 2, "beside them");
}

fn counts(scrape: &Scrape, labels: &[(&str, &str)]) {
    let beats =
        |outcome| scrape.value("autobeat_heartbeats", &[labels, &[("outcome", outcome)]].concat());
    assert!(beats("acknowledged") >= Some(2));
    assert!(beats("settled") >= Some(1), "after the first attempt");
    assert_eq!(beats("not_found"), None);
    let ended = |outcome, reason| {
        let end = [labels, &[("outcome", outcome), ("reason", reason)]].concat();
        scrape.get("autobeat_attempts_ended", &end)
    };
    assert_eq!(ended("completed", "none"), 1);
    // A machine that stands still for a second may stall it again.
    let stalled = ended("failed", "stalled");
    assert!(stalled >= 1);
    assert_eq!(scrape.get("autobeat_stalls", labels), stalled);
    assert_eq!(scrape.get("autobeat_resumes", labels), stalled);
}

fn distributions(scrape: &Scrape, labels: &[(&str, &str)]) {
    for (name, least, most) in [
        ("autobeat_heartbeat_round_trip", 0, 1_000),
        ("autobeat_heartbeat_interval", 600, 1_400),
        ("autobeat_heartbeat_lateness", 0, 1_000),
        ("autobeat_checkpoint_age", 300, 2_500),
        ("autobeat_checkpoint_size", 1, 200),
    ] {
        let count = scrape.get(&format!("{name}_count"), labels);
        let mean = scrape.get(&format!("{name}_sum"), labels) / count;
        assert!(count >= 2 && (least..=most).contains(&mean), "{name}: {count} of {mean}");
        let ends = &histogram_buckets(false).overrides[name];
        let last = ends.last().unwrap().to_string();
        let last = [labels, &[("le", last.as_str())]].concat();
        assert_eq!(scrape.get(&format!("{name}_bucket"), &last), count, "{name}");
    }
}
