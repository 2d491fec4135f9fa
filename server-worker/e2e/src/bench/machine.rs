//! The machine that it runs on, and what the kernel knows of the server's process.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};

/// The kernel counts processor time in this unit for every program.
const TICKS_PER_SECOND: u32 = 100;

/// What results depend on.
#[derive(Debug)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
    workerd: String,
    /// The file system that the server's state is on: `ext4`, `tmpfs`, …
    file_system: String,
}

impl Machine {
    /// Looks around; `state` is the folder of the server's state.
    pub(crate) fn look(state: &Path) -> Self {
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: kib("/proc/meminfo", "MemTotal") / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            workerd: workerd_version(),
            file_system: file_system(state),
        }
    }

    pub(crate) fn in_words(&self) -> String {
        format!(
            "{} × {}, {} MiB, Linux {}, workerd {}, state on {}",
            self.cores, self.cpu, self.memory_mib, self.kernel, self.workerd, self.file_system
        )
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({
            "cpu": self.cpu,
            "cores": self.cores,
            "memoryMiB": self.memory_mib,
            "kernel": self.kernel,
            "workerd": self.workerd,
            "stateOn": self.file_system,
            "loadAverage": load_average(),
        })
    }
}

/// The load of the last minute: above the number of cores, others have taken part of the result.
pub(crate) fn load_average() -> f64 {
    let text = read("/proc/loadavg");
    let first = text.split(' ').next();
    first.and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

/// Descriptors of a process beside its sockets.
pub(crate) const OTHER_FILES: u64 = 100;

/// Lets this process, and those that it starts from now on, have as many files open as are wanted, or as this machine lets
/// it have; how many that are.
pub(crate) fn raise_open_files(wanted: u64) -> u64 {
    let before = getrlimit(Resource::Nofile);
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= wanted);
    if is_enough(before.current) {
        return wanted;
    }
    let mut limit = before;
    limit.current = Some(wanted);
    if !is_enough(before.maximum) {
        limit.maximum = Some(wanted);
    }
    // Beyond the hard limit only root may go, and not everywhere.
    if setrlimit(Resource::Nofile, limit).is_ok() {
        return wanted;
    }
    let most = before.maximum.unwrap_or(wanted);
    let mut limit = before;
    limit.current = Some(most);
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => most,
        Err(_) => before.current.unwrap_or(wanted),
    }
}

/// How many connections the kernel has dropped so far, on any listener of this machine, since whoever listens had not
/// accepted those before them.
pub(crate) fn dropped_by_full_listeners() -> u64 {
    let text = read("/proc/net/netstat");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else {
        return 0;
    };
    let mut counts = names.split(' ').zip(values.split(' '));
    let found = counts.find(|(name, _)| *name == "ListenOverflows");
    found.and_then(|(_, count)| count.parse().ok()).unwrap_or(0)
}

/// Resident memory of a process in KiB.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    kib(&format!("/proc/{pid}/status"), "VmRSS")
}

/// Processor time that a process has used, all of its threads together.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let stat = read(&format!("/proc/{pid}/stat"));
    // The name before them is in parentheses and may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u32 = fields
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u32>().ok())
        .sum();
    Duration::from_secs(1) * ticks / TICKS_PER_SECOND
}

fn workerd_version() -> String {
    let package =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/tools/node_modules/workerd/package.json");
    let package: Value = fs::read(package)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    package["version"].as_str().unwrap_or("unknown").to_owned()
}

/// The type of the mount that is nearest to `folder`.
fn file_system(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = read("/proc/self/mounts");
    let nearest = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(place, _)| folder.starts_with(place))
        .max_by_key(|(place, _)| place.len());
    nearest.map_or("unknown", |(_, kind)| kind).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn field(path: &str, name: &str) -> String {
    let text = read(path);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_once(':'));
    line.map_or("unknown", |(_, value)| value.trim()).to_owned()
}

fn kib(path: &str, name: &str) -> u64 {
    let value = field(path, name);
    let number = value.split(' ').next();
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
