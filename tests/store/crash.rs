//! A process that dies at every step of creating, marking and deleting: whatever it leaves, nothing acknowledged is lost,
//! nothing listed is unreadable, and the rest can be collected (R6.5).
//!
//! The test starts its own binary again as the process that dies; `TDSQL_CRASH` says where.

use crate::parts::{database, far, postgres, profile, run};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tdsql::model::behaviour::ProfileId;
use tdsql::store::{DocumentsAt, Filter, IndexAt, Location, PageSize, Store, steps};

const OPERATIONS: [&str; 3] = ["create", "baseline", "delete"];

/// What the child is to do: `operation`, the number of the step to die at (none: say every step), the folder, and the
/// database or nothing.
struct Orders {
    operation: String,
    dies_at: Option<usize>,
    location: Location,
    /// The profile to mark or delete.
    target: String,
}

static REACHED: AtomicUsize = AtomicUsize::new(0);
static DIES_AT: AtomicUsize = AtomicUsize::new(usize::MAX);
static STEPS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

fn location(dir: &Path, url: &str) -> Location {
    let index = if url.is_empty() { IndexAt::Sqlite(dir.join("index.sqlite")) } else { IndexAt::Postgres(url.into()) };
    Location { index, documents: DocumentsAt::Directory(dir.join("documents")) }
}

fn orders() -> Option<Orders> {
    let text = std::env::var("TDSQL_CRASH").ok()?;
    let mut parts = text.split('|').map(str::to_owned);
    let mut next = || parts.next().expect("orders are complete");
    Some(Orders {
        operation: next(),
        dies_at: next().parse().ok(),
        location: location(&PathBuf::from(next()), &next()),
        target: next(),
    })
}

/// Dies as `kill -9` would have it: at once, with nothing tidied up.
fn on_step(step: &'static str) {
    STEPS.lock().expect("no step panics").push(step);
    if REACHED.fetch_add(1, Ordering::SeqCst) == DIES_AT.load(Ordering::SeqCst) {
        std::process::abort();
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "said: {text}").and_then(|()| out.flush()).expect("somebody listens");
}

fn child(orders: &Orders) {
    run(async {
        let store = Store::open(&orders.location).await.expect("the store opens");
        DIES_AT.store(orders.dies_at.unwrap_or(usize::MAX), Ordering::SeqCst);
        steps::watch(on_step);
        let target = || orders.target.parse::<ProfileId>().expect("an id");
        match orders.operation.as_str() {
            "create" => {
                let made = store.create(&profile("crash", Some("new"))).await.expect("created");
                say(&made.id.to_string());
            }
            "baseline" => {
                store.set_baseline(target()).await.expect("set");
                say("done");
            }
            "delete" => {
                store.delete(target()).await.expect("deleted");
                say("done");
            }
            // Creates, marks and deletes until it is killed, and says what is acknowledged.
            _ => loop {
                let made = store.create(&profile("crash", Some("loop"))).await.expect("created");
                say(&format!("created {}", made.id));
                store.set_baseline(made.id).await.expect("set");
                if made.id.to_string().ends_with(['0', '1', '2', '3', '4', '5', '6', '7']) {
                    say(&format!("deleting {}", made.id));
                    store.delete(made.id).await.expect("deleted");
                    say(&format!("deleted {}", made.id));
                }
            },
        }
    });
    for step in STEPS.lock().expect("no step panics").iter() {
        say(&format!("step {step}"));
    }
    std::process::exit(0);
}

fn command(test: &str, orders: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", test, "--nocapture"]).env("TDSQL_CRASH", orders);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// What the child said, and whether it came to its end.
fn told(test: &str, orders: &str) -> (Vec<String>, bool) {
    let output = command(test, orders).output().expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout);
    // The harness may have begun a line of its own.
    let said = text.lines().filter_map(|line| Some(line.split_once("said: ")?.1.to_owned())).collect();
    (said, output.status.success())
}

/// What must hold after any death: everything listed is readable, everything in `there` is listed, nothing in `gone` is,
/// baselines are single, and after a collection there is a document for each listed profile and no other.
async fn sound(store: &Store, there: &BTreeSet<ProfileId>, gone: &BTreeSet<ProfileId>, context: &str) {
    let page = store.list(&Filter::default(), PageSize::MOST, None).await.expect("a page");
    assert_eq!(page.next, None, "{context}: one page holds them all");
    let listed: BTreeSet<ProfileId> = page.profiles.iter().map(|profile| profile.id).collect();
    assert_eq!(there.difference(&listed).next(), None, "{context}: acknowledged and lost");
    assert_eq!(gone.intersection(&listed).next(), None, "{context}: deleted and listed");
    let mut baselines = BTreeSet::new();
    for metadata in &page.profiles {
        let read = store.get(metadata.id).await.unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(&read.metadata(), metadata, "{context}");
        if metadata.is_baseline {
            let key = (metadata.cluster_id.clone(), metadata.namespace.clone());
            assert!(baselines.insert(key), "{context}: two baselines");
        }
    }
    store.collect(far()).await.expect("collected");
    let (mut documents, mut after) = (BTreeSet::new(), None);
    loop {
        let (some, next) = store.documents().list(after).await.expect("a list of documents");
        documents.extend(some);
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(documents, listed, "{context}: one document for each profile, and none besides");
    // Whatever was left, the store goes on.
    let next = profile("afterwards", None);
    store.create(&next).await.unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(store.get(next.id).await.expect("read"), next, "{context}");
    store.delete(next.id).await.expect("deleted");
}

#[test]
fn killed_at_every_step() {
    const TEST: &str = "crash::killed_at_every_step";
    if let Some(orders) = orders() {
        child(&orders);
    }
    run(async {
        let server = postgres("killed at every step");
        for url in [Some(String::new()), server].into_iter().flatten() {
            for operation in OPERATIONS {
                let mut dies_at = 0;
                let mut reached = Vec::new();
                loop {
                    let dir = tempfile::tempdir().expect("a folder");
                    let url = if url.is_empty() { String::new() } else { database(&url).await };
                    let place = location(dir.path(), &url);
                    let store = Store::open(&place).await.expect("the store opens");
                    let (old, target) = (profile("crash", None), profile("crash", None));
                    store.create(&old).await.expect("created");
                    store.create(&target).await.expect("created");
                    let first = if operation == "delete" { target.id } else { old.id };
                    store.set_baseline(first).await.expect("set");
                    let orders = |at: &str| format!("{operation}|{at}|{}|{url}|{}", dir.path().display(), target.id);
                    let context = format!("{operation}, step {dies_at}, {}", place.index);
                    if reached.is_empty() {
                        // On a store of its own, so that the deaths begin from the same state.
                        let (said, ended) = told(TEST, &orders("-"));
                        assert!(ended, "{context}: {said:?}");
                        reached =
                            said.iter().filter_map(|line| line.strip_prefix("step ").map(str::to_owned)).collect();
                        assert!(reached.len() >= 3, "{context}: {reached:?}");
                        continue;
                    }
                    if dies_at == reached.len() {
                        break;
                    }
                    let context = format!("{context}: {}", reached[dies_at]);
                    let (said, ended) = told(TEST, &orders(&dies_at.to_string()));
                    assert!(!ended && said.is_empty(), "{context}: it died there: {said:?}");
                    let store = Store::open(&place).await.unwrap_or_else(|error| panic!("{context}: {error}"));
                    let mut there = BTreeSet::from([old.id]);
                    if operation != "delete" {
                        there.insert(target.id);
                    }
                    sound(&store, &there, &BTreeSet::new(), &context).await;
                    let baseline = store.baseline("crash", None).await.expect("an answer").map(|found| found.id);
                    let permitted = match operation {
                        "create" => vec![Some(old.id)],
                        "baseline" => vec![Some(old.id), Some(target.id)],
                        _ => vec![Some(target.id), None],
                    };
                    assert!(permitted.contains(&baseline), "{context}: {baseline:?}");
                    dies_at += 1;
                }
            }
        }
    });
}

/// Killed from outside, at a moment of nobody's choosing.
#[test]
fn killed_at_any_moment() {
    const TEST: &str = "crash::killed_at_any_moment";
    const ROUNDS: u64 = 12;
    if let Some(orders) = orders() {
        child(&orders);
    }
    run(async {
        let server = postgres("killed at any moment");
        for url in [Some(String::new()), server].into_iter().flatten() {
            let dir = tempfile::tempdir().expect("a folder");
            let url = if url.is_empty() { String::new() } else { database(&url).await };
            let place = location(dir.path(), &url);
            let (mut there, mut gone) = (BTreeSet::new(), BTreeSet::new());
            for round in 0..ROUNDS {
                let orders = format!("loop|-|{}|{url}|-", dir.path().display());
                let mut child = command(TEST, &orders).spawn().expect("the child runs");
                let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
                // From its first word on, it has another few milliseconds each time.
                let mut said = Vec::new();
                let mut killer = None;
                for line in lines {
                    let Ok(line) = line else { break };
                    let Some((_, word)) = line.split_once("said: ") else { continue };
                    said.push(word.to_owned());
                    if killer.is_none() {
                        let id = child.id();
                        killer = Some(std::thread::spawn(move || {
                            std::thread::sleep(Duration::from_millis(7 + 13 * round));
                            Command::new("kill").args(["-9", &id.to_string()]).status()
                        }));
                    }
                }
                let killed = killer.expect("it said something").join().expect("the killer lives");
                assert!(killed.expect("kill runs").success());
                assert!(!child.wait().expect("it ends").success());
                for word in said {
                    let Some((what, id)) = word.split_once(' ') else { continue };
                    let Ok(id) = id.parse::<ProfileId>() else { continue };
                    match what {
                        "created" => drop(there.insert(id)),
                        "deleting" => drop(there.remove(&id)),
                        "deleted" => drop(gone.insert(id)),
                        _ => {}
                    }
                }
                let store = Store::open(&place).await.expect("the store opens");
                sound(&store, &there, &gone, &format!("round {round}, {}", place.index)).await;
                let listed = store.list(&Filter::default(), PageSize::MOST, None).await.expect("a page").profiles;
                there = listed.into_iter().map(|profile| profile.id).collect();
                // A page holds a thousand: the older half makes room.
                for id in there.clone().into_iter().take(there.len() / 2) {
                    store.delete(id).await.expect("deleted");
                    there.remove(&id);
                }
            }
            assert!(!there.is_empty(), "something was created");
        }
    });
}
