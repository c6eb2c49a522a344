//! Which types cross, those of well-known crates among them, and what is said of those that don't.

mod common;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common::{bounded, pool};
use concurrent_futures_process_pool::{CodecError, CodecSide, Future, ProcessPool, TaskError, worker_entry};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

worker_entry!();

/// Sends a value there, and back.
macro_rules! assert_crosses {
    ($pool:expr, $($type:ty: $value:expr),* $(,)?) => {$(
        let value: $type = $value;
        assert_eq!($pool.submit(|value: $type| value, value.clone()).result().unwrap(), value, stringify!($type));
        let some: Vec<Option<$type>> = vec![Some(value), None];
        assert_eq!($pool.submit(|some: Vec<Option<$type>>| some, some.clone()).result().unwrap(), some);
    )*};
}

#[test]
fn types_of_the_standard_library_cross() {
    bounded(|| {
        let pool = pool(1);
        assert_crosses!(pool,
            PathBuf: "/a/path with spaces/ä".into(),
            Duration: Duration::new(5, 999_999_999),
            SystemTime: SystemTime::now(),
            IpAddr: "::1".parse().unwrap(),
            SocketAddr: "127.0.0.1:80".parse().unwrap(),
            HashMap<String, Vec<u8>>: HashMap::from([("key".into(), vec![1, 2])]),
            BTreeMap<i32, (char, bool)>: BTreeMap::from([(-1, ('ä', true))]),
            HashSet<u64>: HashSet::from([1, 2, 3]),
            Result<u8, String>: Err("text".into()),
            Box<str>: "text".into(),
            u128: u128::MAX,
            i128: i128::MIN,
            f64: f64::MIN_POSITIVE,
            [u8; 32]: [7; 32],
            std::num::NonZero<u32>: 5.try_into().unwrap(),
            std::ops::Range<usize>: 3..9,
            std::ffi::CString: c"text".into(),
            std::ffi::OsString: "text".into(),
        );
    });
}

#[test]
fn types_of_well_known_crates_cross() {
    bounded(|| {
        let pool = pool(1);
        assert_crosses!(pool,
            Uuid: Uuid::new_v4(),
            DateTime<Utc>: Utc::now(),
            NaiveDate: NaiveDate::from_ymd_opt(2026, 2, 28).unwrap(),
            TimeDelta: TimeDelta::milliseconds(-5),
            Url: "https://user@example.org:8080/a%20b?c=d#e".parse().unwrap(),
        );
    });
}

/// Enums in serde's own representation, and those with a tag beside the content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
enum Shape {
    #[default]
    Unit,
    Circle(f64),
    Square {
        side: f64,
        name: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Renamed {
    #[serde(rename = "other", default)]
    one: Shape,
    #[serde(with = "as_text")]
    two: u64,
    #[serde(skip)]
    three: u8,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[test]
fn types_that_serde_derives_cross() {
    bounded(|| {
        let pool = pool(1);
        assert_crosses!(pool,
            Shape: Shape::Unit,
            Shape: Shape::Circle(0.5),
            Shape: Shape::Square { side: 2.0, name: Some("name".into()) },
            Renamed: Renamed { one: Shape::Circle(1.0), two: 2, three: 0 },
        );
    });
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flattened {
    name: String,
    #[serde(flatten)]
    rest: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Number { value: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Skips {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

fn flattened() -> Flattened {
    Flattened { name: "name".into(), rest: BTreeMap::from([("key".into(), 1)]) }
}

fn codec_error<T: std::fmt::Debug>(future: Future<T>) -> CodecError {
    match future.result().unwrap_err() {
        TaskError::Codec(error) => error,
        other => panic!("{other:?}"),
    }
}

fn assert_says(error: &CodecError, side: CodecSide, type_name: &str, texts: &[&str]) {
    assert_eq!(error.side(), side, "{error}");
    let text = error.to_string();
    assert!(text.contains(type_name) && texts.iter().all(|part| text.contains(part)), "{text}");
}

const CURE: &str = "send it as a String of JSON, by serde_json::to_string";

#[test]
fn what_needs_a_format_that_describes_itself_is_told_the_cure_on_each_side() {
    bounded(|| {
        let pool = pool(1);
        let out = codec_error(pool.submit(|value: Flattened| value.rest.len(), flattened()));
        assert_says(&out, CodecSide::ArgumentOut, "Flattened", &["`#[serde(flatten)]`", CURE]);
        let out = codec_error(pool.submit(|()| flattened(), ()));
        assert_says(&out, CodecSide::ResultOut, "Flattened", &["`#[serde(flatten)]`", CURE]);
        let back = codec_error(pool.submit(|value: Untagged| value == Untagged::Number(5), Untagged::Number(5)));
        assert_says(&back, CodecSide::ArgumentIn, "Untagged", &["`#[serde(untagged)]`", CURE]);
        let back = codec_error(pool.submit(|()| Untagged::Text("text".into()), ()));
        assert_says(&back, CodecSide::ResultIn, "Untagged", &["`#[serde(untagged)]`", CURE]);
        let tagged = codec_error(pool.submit(|value: Tagged| value, Tagged::Number { value: 5 }));
        assert_says(&tagged, CodecSide::ArgumentIn, "Tagged", &["`#[serde(tag)]`", CURE]);
        for value in [json!({ "key": [1, 2.5, null] }), json!(5), json!("text"), Value::Null] {
            let argument = codec_error(pool.submit(|value: Value| value.is_null(), value));
            assert_says(&argument, CodecSide::ArgumentIn, "serde_json::", &["`serde_json::Value`", CURE]);
        }
        let result = codec_error(pool.submit(|()| json!({ "key": 1 }), ()));
        assert_says(&result, CodecSide::ResultIn, "serde_json::", &["`serde_json::Value`", CURE]);
        assert!(pool.submit(|n: u64| n, 5).result().is_ok(), "nobody else is hurt");
    });
}

#[test]
fn fields_that_are_written_only_sometimes_are_asked_about() {
    bounded(|| {
        let pool = pool(1);
        let whole = Skips { name: "name".into(), detail: Some("detail".into()) };
        assert_eq!(pool.submit(|value: Skips| value, whole.clone()).result().unwrap(), whole);
        let short = Skips { detail: None, ..whole };
        let error = codec_error(pool.submit(|value: Skips| value.name, short));
        assert_says(&error, CodecSide::ArgumentIn, "Skips", &["`#[serde(skip_serializing_if)]`"]);
    });
}

#[test]
fn a_path_that_is_no_text_is_told_to_cross_as_one_of_the_system() {
    bounded(|| {
        let pool = pool(1);
        let no_text = OsString::from_vec(vec![b'a', 0xff]);
        let error = codec_error(pool.submit(|path: PathBuf| path, no_text.clone().into()));
        assert_says(&error, CodecSide::ArgumentOut, "PathBuf", &["invalid UTF-8", "send it as an OsString"]);
        assert!(!error.to_string().contains("OtherString("), "words for people: {error}");
        assert_eq!(pool.submit(|path: OsString| path, no_text.clone()).result().unwrap(), no_text, "the cure works");
    });
}

/// The cure, as a type of its own: it crosses as a String of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct Json(Value);

impl From<Json> for String {
    fn from(json: Json) -> Self {
        json.0.to_string()
    }
}

impl TryFrom<String> for Json {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        serde_json::from_str(&text).map(Self)
    }
}

#[test]
fn the_cure_works() {
    bounded(|| {
        let pool: ProcessPool = pool(1);
        let text = serde_json::to_string(&flattened()).unwrap();
        let count = |text: String| serde_json::from_str::<Flattened>(&text).map(|value| value.rest.len());
        assert_eq!(pool.submit_fallible(count, text).result().unwrap(), 1);
        let value = json!({ "key": [1, 2.5, null] });
        let back = pool.submit(|Json(value)| Json(json!([value])), Json(value.clone())).result().unwrap();
        assert_eq!(back.0, json!([value]));
    });
}
