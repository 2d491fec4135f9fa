//! Figures in the JSON lines that benches print.

use serde::Deserialize as _;
use serde_json::Value;

use super::Figure;

/// Scenario and field of a JSON line, what it measures, and the unit.
const FIELDS: [(&str, &str, &str, &str); 14] = [
    (
        "latency",
        "updatesPerSecond",
        "Updates a second, 16 transfers with a watcher each",
        "",
    ),
    ("latency", "answerP50Ms", "An update's answer, median", "ms"),
    (
        "latency",
        "receiptP50Ms",
        "From an update to its watcher, median",
        "ms",
    ),
    (
        "latency",
        "receiptP99Ms",
        "From an update to its watcher, 99 of 100",
        "ms",
    ),
    (
        "throughput",
        "updatesPerSecond",
        "Updates a second, whole lives of new transfers",
        "",
    ),
    (
        "fan-out",
        "deliveriesPerSecond",
        "Deliveries a second, 1,000 watchers of one transfer",
        "",
    ),
    (
        "growth",
        "ratioOfTime",
        "Time of an update with 10,000 transfers, against 100",
        "",
    ),
    (
        "idle",
        "kBPerSocketOfOneTransfer",
        "Memory of an idle socket, all on one transfer",
        "kB",
    ),
    (
        "idle",
        "kBPerSocketOfItsOwnTransfer",
        "Memory of an idle socket, each with a transfer of its own",
        "kB",
    ),
    (
        "memory",
        "slopeKiBPerUpdate",
        "Memory that an update leaves with the runtime",
        "KiB",
    ),
    (
        "cost",
        "dollarsPerMillion",
        "List price of a million transfers",
        "$",
    ),
    (
        "cost",
        "dollarsPerMillionKept",
        "List price of keeping a million transfers for 400 days",
        "$",
    ),
    (
        "watches",
        "kBPerIdleWatch",
        "Memory of an idle watch, at most 20 kB",
        "kB",
    ),
    (
        "watches",
        "newsLastMs",
        "News with the last of all watches, at most 1,000 ms",
        "ms",
    ),
];

/// All figures in a line; none where it is no JSON, or tells of something else.
pub(super) fn line(line: &str) -> Vec<Figure> {
    let Ok(said) = serde_json::from_str::<Value>(line) else {
        return Vec::new();
    };
    // What is a figure already.
    if let Ok(figure) = Figure::deserialize(&said) {
        return vec![figure];
    }
    // A ratio of figures that are shown themselves.
    if said.get("comparedTo").is_some() {
        return Vec::new();
    }
    let scenario = said["scenario"].as_str().unwrap_or_default();
    if said.get("honestMedianMs").is_some() {
        return under_attack(scenario, &said);
    }
    let of = match (
        said["watches"].as_u64(),
        said["of"].as_str().or(said["life"].as_str()),
    ) {
        (Some(count), _) => format!("{count} in one process"),
        (_, Some(other)) => other.to_owned(),
        _ => "the server".to_owned(),
    };
    let fields = FIELDS.iter().filter(|(of, ..)| *of == scenario);
    let figures = fields.filter_map(|(_, field, what, unit)| {
        Some(Figure {
            what: (*what).to_owned(),
            of: of.clone(),
            value: said[field].as_f64()?,
            unit: (*unit).to_owned(),
            note: None,
        })
    });
    figures.collect()
}

/// Field of an attack's line, what it measures, and the unit.
const ATTACKED: [(&str, &str, &str); 4] = [
    (
        "honestP99Ms",
        "An honest update to its watcher while it goes on, 99 of 100",
        "ms",
    ),
    ("peakMiBMore", "Memory at the peak, more than before", "MiB"),
    (
        "residentMiBMore",
        "Memory right after it, more than before",
        "MiB",
    ),
    ("rowsLeft", "Rows of storage that it has left behind", ""),
];

/// What the honest noticed of an attack, and what it left behind.
fn under_attack(attack: &str, said: &Value) -> Vec<Figure> {
    let faults = said["faults"].as_array().into_iter().flatten();
    let faults: Vec<_> = faults.filter_map(Value::as_str).collect();
    let mut notes: Vec<_> = said["openAtOnce"]
        .as_u64()
        .map(|open| format!("{} sockets, {open} of them at once", said["tried"]))
        .into_iter()
        .collect();
    if !faults.is_empty() {
        notes.push(format!("did not hold: {}", faults.join(", ")));
    }
    let note = Some(notes.join("; ")).filter(|note| !note.is_empty());
    let figures = ATTACKED.iter().filter_map(|(field, what, unit)| {
        Some(Figure {
            what: (*what).to_owned(),
            of: attack.to_owned(),
            value: said[field].as_f64()?,
            unit: (*unit).to_owned(),
            note: note.clone(),
        })
    });
    figures.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(text: &str) -> Vec<Figure> {
        text.lines().flat_map(line).collect()
    }

    #[test]
    fn a_json_line_says_what_was_measured_and_a_ratio_is_no_figure() {
        let text = r#"{"scenario":"fan-out","deliveriesPerSecond":5.5,"of":"a bare object"}
{"scenario":"latency","updatesPerSecond":0.7,"comparedTo":"a bare object"}
{"scenario":"watches","watches":1000,"kBPerIdleWatch":18.0}
{"scenario":"cost","life":"quick","dollarsPerMillion":14.9,"limit":15.0}
{"scenario":"machine"}"#;
        let [bare, watches, life] = figures(text).try_into().unwrap();
        assert_eq!((life.of.as_str(), life.value), ("quick", 14.9));
        assert_eq!((bare.of.as_str(), bare.value), ("a bare object", 5.5));
        assert_eq!(
            (watches.of.as_str(), watches.unit.as_str()),
            ("1000 in one process", "kB")
        );
    }

    #[test]
    fn an_attack_gives_what_the_honest_noticed_and_what_was_left() {
        let text = r#"{"scenario":"mute sockets","honestMedianMs":2,"honestP99Ms":9.5,"peakMiBMore":80,"residentMiBMore":40,"rowsLeft":0,"tried":10000,"openAtOnce":9000}"#;
        let [latency, peak, after, rows] = figures(text).try_into().unwrap();
        assert_eq!((latency.value, latency.unit.as_str()), (9.5, "ms"));
        assert_eq!((peak.value, after.value, rows.value), (80.0, 40.0, 0.0));
        assert_eq!(rows.note.as_deref(), Some("10000 sockets, 9000 of them at once"));
        let text = text.replace(r#""tried""#, r#""faults":["rows were left behind"],"tried""#);
        let told: [Figure; 4] = figures(&text).try_into().unwrap();
        let expected = Some("10000 sockets, 9000 of them at once; did not hold: rows were left behind");
        assert!(told.iter().all(|figure| figure.note.as_deref() == expected));
    }

    #[test]
    fn a_line_that_is_a_figure_is_taken_as_it_is() {
        let text = r#"{"what":"Scripts, gzipped","of":"ours","value":8701,"unit":"B"}"#;
        let [figure] = figures(text).try_into().unwrap();
        assert_eq!((figure.of.as_str(), figure.value), ("ours", 8_701.0));
    }
}
