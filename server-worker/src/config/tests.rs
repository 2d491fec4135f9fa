//! What each setting takes, and what is refused with its name.

use transfer_status_protocol::TransferId;
use transfer_status_protocol::sign::{Key, Signer, TimestampPolicy, verify};
use transfer_status_protocol::signature::{self, Claims};

use super::{AdminClosed, Config, ConfigError, NAMES, Value};
use crate::edge::cors::Origins;
use crate::platform::place::Place;

const NEW: &str = "new-key-new-key-new-key-new-key-";
const OLD: &str = "old-key-old-key-old-key-old-key-";
const SUBSCRIBE: &str = "subscribe-key-subscribe-key-subs";

fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let vars: Vec<_> = vars
        .iter()
        .map(|(name, value)| (*name, Value::Text((*value).to_owned())))
        .collect();
    config_of(&vars)
}

fn config_of(vars: &[(&str, Value)]) -> Result<Config, ConfigError> {
    Config::read(|name| {
        let var = vars.iter().find(|(known, _)| *known == name)?;
        Some(var.1.clone())
    })
}

/// The least that serves, and one thing more.
fn with(name: &str, value: Value) -> Result<Config, ConfigError> {
    config_of(&[("HMAC_SECRET", Value::Text(NEW.to_owned())), (name, value)])
}

fn takes_update(config: &Config, secret: &str) -> bool {
    let signature = Signer::new(Key::new(secret.as_bytes()).unwrap()).sign(b"{}");
    verify(
        &config.update_keys,
        b"{}".as_slice(),
        &signature,
        None,
        0,
        config.timestamp,
    )
    .is_ok()
}

fn takes_subscription(config: &Config, secret: &str) -> bool {
    let id = TransferId::new("tr_1").unwrap();
    let claims = Claims::new(id.clone(), "m", 10).unwrap();
    let signature = signature::mint(&Key::new(secret.as_bytes()).unwrap(), &claims);
    signature::verify(&config.subscribe_keys, &signature, &id, 5).is_ok()
}

#[test]
fn without_the_secret_it_says_so() {
    let error = config(&[("HMAC_SECRET", "  ")]).unwrap_err();
    assert_eq!(error, ConfigError::NoSecret);
    assert!(error.to_string().contains("HMAC_SECRET"));
}

#[test]
fn one_secret_is_enough_and_serves_both_purposes() {
    let config = config(&[("HMAC_SECRET", NEW)]).unwrap();
    assert!(takes_update(&config, NEW) && takes_subscription(&config, NEW));
    assert!(!takes_update(&config, OLD) && !takes_subscription(&config, OLD));
    assert_eq!(config.max_watchers, 1_000);
    assert_eq!(config.admin.unwrap_err(), AdminClosed::NotSet);
}

#[test]
fn a_key_rotates_with_no_outage() {
    let config = config(&[("HMAC_SECRET", NEW), ("HMAC_SECRET_PREVIOUS", OLD)]).unwrap();
    for secret in [NEW, OLD] {
        assert!(takes_update(&config, secret) && takes_subscription(&config, secret));
    }
}

#[test]
fn a_subscribe_key_of_its_own_shuts_the_update_key_out() {
    let config = config(&[
        ("HMAC_SECRET", NEW),
        ("SUBSCRIBE_HMAC_SECRET", SUBSCRIBE),
        ("SUBSCRIBE_HMAC_SECRET_PREVIOUS", OLD),
    ])
    .unwrap();
    assert!(takes_subscription(&config, SUBSCRIBE) && takes_subscription(&config, OLD));
    assert!(!takes_subscription(&config, NEW));
    assert!(!takes_update(&config, SUBSCRIBE) && !takes_update(&config, OLD));
}

#[test]
fn the_names_of_the_deployed_service_are_read_too() {
    let config = config(&[("UPDATE_HMAC", NEW), ("SUBSCRIBE_HMAC", SUBSCRIBE)]).unwrap();
    assert!(takes_update(&config, NEW) && takes_subscription(&config, SUBSCRIBE));
    assert!(!takes_subscription(&config, NEW));
}

#[test]
fn the_earlier_api_is_off_until_it_is_switched_on() {
    let switches = |vars: &[(&str, &str)]| {
        let vars = [
            &[("HMAC_SECRET", NEW), ("SUBSCRIBE_HMAC_SECRET", SUBSCRIBE)],
            vars,
        ]
        .concat();
        let legacy = config(&vars).unwrap().legacy;
        (legacy.api, legacy.open_scan)
    };
    assert_eq!(switches(&[]), (false, false));
    assert_eq!(switches(&[("LEGACY_API", "off")]), (false, false));
    assert_eq!(switches(&[("LEGACY_API", "on")]), (true, false));
    let both = [("LEGACY_API", "on"), ("LEGACY_OPEN_SCAN", "on")];
    assert_eq!(switches(&both), (true, true));
}

#[test]
fn a_setting_that_means_nothing_is_an_error_not_a_default() {
    for (name, value) in [
        ("REQUIRE_TIMESTAMP", "ture"),
        ("LEGACY_API", "of"),
        ("LEGACY_MERCHANT_READS", "some"),
        ("ALLOWED_ORIGINS", "pay.example"),
        ("LEGACY_OPEN_SCAN", "ON!"),
        ("MAX_WATCHERS", "0"),
        ("MAX_WATCHERS", "16001"),
        ("MAX_WATCHERS", "many"),
        ("RECENT_SHARDS", "0"),
        ("RECENT_SHARDS", "65"),
        ("HISTORY_TTL_DAYS", "0"),
        ("OUTBOX_RETRY_SECONDS", "0"),
        ("ARCHIVE_GRACE_SECONDS", "a day"),
        ("ARCHIVE_QUIET_SECONDS", "-1"),
    ] {
        let error = config(&[("HMAC_SECRET", NEW), (name, value)]).unwrap_err();
        assert!(error.to_string().starts_with(name), "{error}");
    }
    let strict = config(&[
        ("HMAC_SECRET", NEW),
        ("REQUIRE_TIMESTAMP", "true"),
        ("MAX_WATCHERS", "2"),
    ])
    .unwrap();
    assert_eq!(
        (strict.timestamp, strict.max_watchers),
        (TimestampPolicy::Required, 2)
    );
}

#[test]
fn data_stays_where_the_platform_was_told_to_keep_it() {
    let place =
        |vars: &[(&str, &str)]| config(&[&[("HMAC_SECRET", NEW)], vars].concat()).map(|config| config.place);
    assert_eq!(place(&[]), Ok(Place::default()));
    let chosen = place(&[("JURISDICTION", " EU "), ("LOCATION_HINT", "weur")]).unwrap();
    assert_eq!((chosen.jurisdiction, chosen.hint), (Some("eu"), Some("weur")));
    for (name, value) in [("JURISDICTION", "europe"), ("LOCATION_HINT", "eu")] {
        let error = place(&[(name, value)]).unwrap_err();
        assert!(error.to_string().starts_with(name), "{error}");
    }
}

#[test]
fn no_secret_is_printed() {
    let config = config(&[
        ("HMAC_SECRET", NEW),
        ("HMAC_SECRET_PREVIOUS", OLD),
        ("ADMIN_TOKEN", SUBSCRIBE),
        ("ADMIN_TOKEN_PREVIOUS", "a token before that one"),
    ]);
    let printed = format!("{:?}", config.unwrap());
    for secret in [NEW, OLD, SUBSCRIBE, "a token before that one"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn json_of_the_right_type_will_do() {
    let json = |json: &str| match serde_json::from_str(json).unwrap() {
        serde_json::Value::Bool(flag) => Value::Flag(flag),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap()),
        _ => panic!("{json}"),
    };
    let required = |value| with("REQUIRE_TIMESTAMP", value).unwrap().timestamp;
    assert_eq!(required(json("true")), TimestampPolicy::Required);
    assert_eq!(required(json("false")), TimestampPolicy::Optional);
    for on in ["on", "TRUE", " Yes "] {
        assert_eq!(
            required(Value::Text(on.to_owned())),
            TimestampPolicy::Required,
            "{on}"
        );
    }
    assert_eq!(with("MAX_WATCHERS", json("2")).unwrap().max_watchers, 2);
    assert_eq!(with("MAX_WATCHERS", json("2.0")).unwrap().max_watchers, 2);
    let list = vec!["https://pay.example".to_owned()];
    let origins = with("ALLOWED_ORIGINS", Value::List(list)).unwrap().origins;
    assert!(origins.admits(Some("https://pay.example")) && !origins.admits(Some("https://evil.example")));
}

#[test]
fn json_of_another_type_is_an_error_that_names_the_variable() {
    for (name, value) in [
        ("REQUIRE_TIMESTAMP", Value::List(vec!["true".to_owned()])),
        ("REQUIRE_TIMESTAMP", Value::Number(1.0)),
        ("MAX_WATCHERS", Value::Flag(true)),
        ("MAX_WATCHERS", Value::Number(2.5)),
        ("MAX_WATCHERS", Value::Number(f64::NAN)),
        ("ALLOWED_ORIGINS", Value::Other),
        ("ALLOWED_ORIGINS", Value::List(Vec::new())),
        ("HMAC_SECRET", Value::Number(1.0)),
        ("ADMIN_TOKEN", Value::Other),
        ("SUBSCRIBE_HMAC_SECRET_PREVIOUS", Value::Flag(true)),
    ] {
        let error = config_of(&[
            (name, value.clone()),
            ("HMAC_SECRET", Value::Text(NEW.to_owned())),
        ])
        .unwrap_err();
        assert!(error.to_string().starts_with(name), "{name} {value:?}: {error}");
    }
}

#[test]
fn white_space_around_a_secret_is_no_part_of_it() {
    let config = config(&[
        ("HMAC_SECRET", &format!("{NEW}\n")),
        ("SUBSCRIBE_HMAC_SECRET", &format!("\t{SUBSCRIBE}\r\n")),
        ("ADMIN_TOKEN", " sixteen-chars-ok\n"),
    ])
    .unwrap();
    assert!(takes_update(&config, NEW) && takes_subscription(&config, SUBSCRIBE));
    assert!(config.admin.unwrap().is("sixteen-chars-ok"));
}

#[test]
fn both_admin_tokens_open_while_one_takes_the_others_place() {
    let vars = [
        ("HMAC_SECRET", NEW),
        ("ADMIN_TOKEN", "the-new-token-0123"),
        ("ADMIN_TOKEN_PREVIOUS", "the-old-token-0123"),
    ];
    let admin = config(&vars).unwrap().admin.unwrap();
    assert!(admin.is("the-new-token-0123") && admin.is("the-old-token-0123"));
    assert!(!admin.is("a-third-token-0123") && !admin.is(""));
    let alone = config(&[vars[0], vars[2]]).unwrap();
    assert_eq!(alone.admin.unwrap_err(), AdminClosed::NotSet);
}

#[test]
fn an_admin_token_that_could_be_found_opens_nothing_and_healthz_says_so() {
    for (token, closed) in [
        ("fifteen-chars-x", AdminClosed::TooShort),
        (NEW, AdminClosed::IsKey("HMAC_SECRET")),
        (OLD, AdminClosed::IsKey("HMAC_SECRET_PREVIOUS")),
        (SUBSCRIBE, AdminClosed::IsKey("SUBSCRIBE_HMAC_SECRET")),
    ] {
        let keys = [
            ("HMAC_SECRET", NEW),
            ("HMAC_SECRET_PREVIOUS", OLD),
            ("SUBSCRIBE_HMAC_SECRET", SUBSCRIBE),
        ];
        let current = config(&[&keys[..], &[("ADMIN_TOKEN", token)]].concat()).unwrap();
        assert_eq!(current.admin.unwrap_err(), closed);
        let previous = [
            ("ADMIN_TOKEN", "sixteen-chars-ok"),
            ("ADMIN_TOKEN_PREVIOUS", token),
        ];
        let previous = config(&[&keys[..], &previous].concat()).unwrap();
        assert!(!previous.admin.as_ref().unwrap().is(token));
        for (warnings, name) in [
            (&current.warnings, "ADMIN_TOKEN "),
            (&previous.warnings, "ADMIN_TOKEN_PREVIOUS "),
        ] {
            let [warning] = &warnings[..] else {
                panic!("{warnings:?}")
            };
            assert!(warning.starts_with(name) && !warning.contains(token), "{warning}");
        }
    }
}

#[test]
fn a_short_key_is_taken_and_healthz_warns() {
    let config = config(&[
        ("HMAC_SECRET", "fifteen-bytes-x"),
        ("SUBSCRIBE_HMAC_SECRET", "sixteen-bytes-ok"),
    ]);
    let config = config.unwrap();
    assert!(takes_update(&config, "fifteen-bytes-x"));
    let [warning] = &config.warnings[..] else {
        panic!("{:?}", config.warnings)
    };
    assert!(warning.starts_with("HMAC_SECRET has under 16 bytes"), "{warning}");
}

#[test]
fn one_key_for_both_is_refused_beside_the_earlier_api_alone() {
    let padded = format!("{NEW}\0");
    let vars = [("HMAC_SECRET", NEW), ("LEGACY_API", "on")];
    for (more, names) in [
        (vec![], ["HMAC_SECRET", "SUBSCRIBE_HMAC_SECRET"]),
        (
            vec![("SUBSCRIBE_HMAC_SECRET", NEW)],
            ["HMAC_SECRET", "SUBSCRIBE_HMAC_SECRET"],
        ),
        // HMAC fills a key up with zeros.
        (
            vec![("SUBSCRIBE_HMAC", &padded)],
            ["HMAC_SECRET", "SUBSCRIBE_HMAC"],
        ),
        (
            vec![("SUBSCRIBE_HMAC_SECRET", OLD), ("HMAC_SECRET_PREVIOUS", OLD)],
            ["HMAC_SECRET_PREVIOUS", "SUBSCRIBE_HMAC_SECRET"],
        ),
        (
            vec![
                ("SUBSCRIBE_HMAC_SECRET", OLD),
                ("SUBSCRIBE_HMAC_SECRET_PREVIOUS", NEW),
            ],
            ["HMAC_SECRET", "SUBSCRIBE_HMAC_SECRET_PREVIOUS"],
        ),
    ] {
        let error = config(&[&vars[..], &more].concat()).unwrap_err().to_string();
        assert!(names.iter().all(|name| error.contains(name)), "{error}");
        assert!(
            config(&[&vars[..1], &more].concat()).is_ok(),
            "without it they are disjoint"
        );
    }
    let apart = [&vars[..], &[("SUBSCRIBE_HMAC_SECRET", SUBSCRIBE)]].concat();
    assert!(config(&apart).is_ok());
}

#[test]
fn unset_origins_admit_every_page() {
    assert_eq!(config(&[("HMAC_SECRET", NEW)]).unwrap().origins, Origins::Any);
}

/// What `settings.json` says of one.
#[derive(serde::Deserialize)]
struct Setting {
    name: String,
    #[serde(default)]
    secret: bool,
    takes: String,
    default: String,
    means: String,
}

fn settings() -> Vec<Setting> {
    serde_json::from_str(include_str!("../../settings.json")).unwrap()
}

#[test]
fn the_list_of_settings_names_each_that_is_read_and_no_other() {
    let listed: Vec<_> = settings().into_iter().map(|setting| setting.name).collect();
    assert_eq!(listed, NAMES);
    let asked = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let read = |name: &'static str| {
        asked.borrow_mut().insert(name);
        let needed = matches!(name, "HMAC_SECRET_PREVIOUS" | "SUBSCRIBE_HMAC_SECRET_PREVIOUS");
        needed.then(|| Value::Text(OLD.to_owned()))
    };
    // Without the first two, their other names are asked for; with them, all the rest.
    let _ = Config::read(|name| {
        if name.ends_with("HMAC_SECRET") {
            read(name).and(None)
        } else {
            read(name)
        }
    });
    let _ = Config::read(|name| {
        read(name).or_else(|| name.ends_with("HMAC_SECRET").then(|| Value::Text(NEW.to_owned())))
    });
    assert_eq!(asked.into_inner(), NAMES.into_iter().collect());
}

#[test]
fn the_deploy_guide_has_a_row_for_each_setting() {
    let guide = include_str!("../../DEPLOY.md");
    for Setting {
        name,
        secret,
        takes,
        default,
        means,
    } in settings()
    {
        let kind = if secret { "secret" } else { "variable" };
        let row = format!("| `{name}` | {kind} | {takes} | {default} | {means} |\n");
        assert!(guide.contains(&row), "{row}");
    }
}
