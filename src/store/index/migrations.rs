//! Brings an index up to date, step by step: repeatable, and safe to be started twice at once.
//!
//! Each step is a transaction of its own, for Aurora DSQL takes one DDL statement at a time and none beside other
//! statements. A step that was done but not remembered is done again: each says `IF NOT EXISTS`.

use super::engine::{Arg, Engine, met_same_step};
use super::sql;
use crate::model::Digest;
use crate::store::StoreError;
use std::time::Duration;

const DOING: &str = "bring its schema up to date";

/// How often a step is tried that meets the same step elsewhere.
const ATTEMPTS: u32 = 12;

/// Brings the schema up to date.
pub(super) async fn run(engine: &Engine) -> Result<(), StoreError> {
    step(engine, sql::MIGRATIONS, None).await?;
    let mut attempt = 1;
    let known = loop {
        match known(engine).await {
            Ok(known) => break known,
            Err(error) => pause(error, &mut attempt).await?,
        }
    };
    let other = |cause: String| StoreError::Index { doing: DOING, cause };
    if let Some((step, _)) = known.iter().find(|(step, _)| sql::SCHEMA.iter().all(|(name, _)| name != step)) {
        return Err(other(format!("step `{step}` was done by a newer version of tdsql")));
    }
    for (name, text) in sql::SCHEMA {
        let digest = digest(text);
        match known.iter().find(|(step, _)| step == name) {
            Some((_, done)) if *done == digest => {}
            Some(_) => return Err(other(format!("step `{name}` was done in another form"))),
            None => step(engine, text, Some((name, &digest))).await?,
        }
    }
    Ok(())
}

/// The steps that were done, each with its digest.
async fn known(engine: &Engine) -> Result<Vec<(String, String)>, sqlx::Error> {
    let done = engine.read(sql::STEPS_DONE, &[]).await?;
    done.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}

/// One step, and then its name among those that are done.
async fn step(engine: &Engine, text: &'static str, name: Option<(&str, &str)>) -> Result<(), StoreError> {
    let text = if engine.makes_indexes_asynchronously() { text } else { at_once(text) };
    let mut attempt = 1;
    while let Err(error) = once(engine, text, name).await {
        pause(error, &mut attempt).await?;
    }
    Ok(())
}

/// Waits for those who do the same; an error where it was none of them that failed the attempt, or there were too many.
async fn pause(error: sqlx::Error, attempt: &mut u32) -> Result<(), StoreError> {
    if !met_same_step(&error) || *attempt >= ATTEMPTS {
        return Err(StoreError::index(DOING, &error));
    }
    tokio::time::sleep(Duration::from_millis(fastrand::u64(5..40) * u64::from(*attempt))).await;
    *attempt += 1;
    Ok(())
}

async fn once(engine: &Engine, text: &'static str, name: Option<(&str, &str)>) -> Result<(), sqlx::Error> {
    let mut within = engine.begin().await?;
    within.execute(text, &[]).await?;
    within.commit().await?;
    let Some((name, digest)) = name else { return Ok(()) };
    let mut within = engine.begin().await?;
    within.execute(sql::STEP_DONE, &[Arg::Text(name), Arg::Text(digest)]).await?;
    within.commit().await
}

/// The statement for a database that makes an index at once.
fn at_once(text: &'static str) -> &'static str {
    match sql::SCHEMA.iter().position(|(_, known)| *known == text) {
        Some(at) => AT_ONCE[at],
        None => text,
    }
}

static AT_ONCE: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    let made = sql::SCHEMA.iter().map(|(_, text)| &*text.replacen("CREATE INDEX ASYNC", "CREATE INDEX", 1).leak());
    made.collect()
});

fn digest(text: &str) -> String {
    let mut digest = Digest::default();
    digest.feed(text);
    digest.finish()
}
