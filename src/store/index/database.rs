//! The index in a SQL database. Each call is one transaction, and the whole of it is tried again where it met another.

use super::engine::{Answer, Arg, Engine, Transaction, met_another};
use super::iam::Tokens;
use super::sql::{self, Param};
use super::{Index, Row, migrations};
use crate::model::behaviour::{ProfileId, ProfileMetadata, Timestamp};
use crate::store::documents::make_folder;
use crate::store::location::DsqlAt;
use crate::store::steps::reached;
use crate::store::{Cursor, Filter, Page, PageSize, StoreError};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// How often a transaction is tried that meets others.
const ATTEMPTS: u32 = 16;

/// The longest wait between two attempts, in milliseconds.
const LONGEST_WAIT: u64 = 400;

/// The longest that one attempt may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The index in SQLite, PostgreSQL or Aurora DSQL.
pub struct Database {
    engine: Engine,
}

/// Tries a transaction until it meets no other, at most [`ATTEMPTS`] times, with waits that grow and differ.
macro_rules! transact {
    ($doing:literal, $attempt:expr) => {{
        let mut attempt = 1;
        loop {
            match tokio::time::timeout(PATIENCE, $attempt).await {
                Ok(Ok(done)) => break Ok(done),
                Ok(Err(error)) if met_another(&error) => {
                    if attempt == ATTEMPTS {
                        break Err(StoreError::Busy { doing: $doing, attempts: ATTEMPTS });
                    }
                    tokio::time::sleep(wait(attempt)).await;
                    attempt += 1;
                }
                Ok(Err(error)) => break Err(StoreError::index($doing, &error)),
                Err(_) => {
                    break Err(StoreError::Index {
                        doing: $doing,
                        cause: format!("no answer within {} s", PATIENCE.as_secs()),
                    });
                }
            }
        }
    }};
}

/// How long to wait before the next attempt: anything up to a bound that doubles, so that those who met part ways.
fn wait(attempt: u32) -> Duration {
    let bound = 4_u64.checked_shl(attempt).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    Duration::from_millis(fastrand::u64(1..=bound))
}

impl Database {
    /// The index in a SQLite file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made or read, or a newer version of `tdsql` has made it.
    pub async fn sqlite(file: &Path) -> Result<Self, StoreError> {
        let failed = |cause: String| StoreError::Index { doing: "open its file", cause };
        if let Some(folder) = file.parent() {
            make_folder(folder).map_err(|error| failed(format!("{}: {error}", folder.display())))?;
        }
        // Several that open a new file at once turn it to write-ahead logging, which no busy timeout waits for.
        let engine = transact!("open its file", Engine::sqlite(file)).map_err(|error| match error {
            StoreError::Index { cause, .. } => failed(format!("{}: {cause}", file.display())),
            busy => busy,
        })?;
        Self::ready(engine).await
    }

    /// The index in the PostgreSQL database of this URL.
    ///
    /// # Errors
    ///
    /// If it cannot be reached, or a newer version of `tdsql` has made its tables.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        Self::ready(Engine::postgres(url).await.map_err(|error| StoreError::index("connect", &error))?).await
    }

    /// The index in an Aurora DSQL cluster. Credentials come from where AWS tools look for them.
    ///
    /// # Errors
    ///
    /// As [`Database::postgres`].
    pub async fn dsql(at: &DsqlAt) -> Result<Self, StoreError> {
        Self::ready(Engine::dsql(Tokens::new(at).await).await?).await
    }

    async fn ready(engine: Engine) -> Result<Self, StoreError> {
        migrations::run(&engine).await?;
        Ok(Database { engine })
    }

    async fn one(&self, text: &'static str, args: &[Arg<'_>]) -> Result<u64, sqlx::Error> {
        let mut within = self.engine.begin().await?;
        let changed = within.execute(text, args).await?;
        within.commit().await?;
        Ok(changed)
    }

    async fn try_identity(&self) -> Result<Option<String>, sqlx::Error> {
        self.engine.read(sql::IDENTITY, &[]).await?.first().map(|row| row.text(0)).transpose()
    }

    async fn try_reserve(&self, id: &str, now: Timestamp) -> Result<bool, sqlx::Error> {
        let mut within = self.engine.begin().await?;
        if !within.rows(sql::LISTED, &[Arg::Text(id)]).await?.is_empty() {
            return Ok(false);
        }
        match within.execute(sql::RESERVE, &[Arg::Text(id), Arg::Int(now.as_micros())]).await {
            Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => Ok(false),
            Err(error) => Err(error),
            Ok(_) => within.commit().await.map(|()| true),
        }
    }

    async fn try_publish(&self, row: &Row) -> Result<bool, sqlx::Error> {
        let metadata = &row.metadata;
        let id = metadata.id.to_string();
        let mut within = self.engine.begin().await?;
        if within.execute(sql::RELEASE, &[Arg::Text(&id)]).await? == 0 {
            // Published already, by an attempt whose answer was lost; or collected.
            let listed = within.rows(sql::LISTED, &[Arg::Text(&id)]).await?;
            return listed.first().map_or(Ok(false), |found| found.text(0).map(|digest| digest == row.digest));
        }
        reached("publish: reservation released");
        let (end, created) = (metadata.time_window_end.as_micros(), metadata.created_at.as_micros());
        let args = [
            Arg::Text(&id),
            Arg::Text(&metadata.name),
            Arg::Text(metadata.label.as_deref().unwrap_or_default()),
            Arg::Text(&metadata.cluster_id),
            Arg::Text(metadata.namespace.as_deref().unwrap_or_default()),
            Arg::Int(metadata.time_window_start.as_micros()),
            Arg::Int(end),
            Arg::Int(created),
            Arg::Int(sql::lag(end, created)),
            Arg::Text(&row.digest),
        ];
        within.execute(sql::PUBLISH, &args).await?;
        reached("publish: row inserted");
        within.commit().await?;
        reached("publish: committed");
        Ok(true)
    }

    async fn try_known(&self, ids: &[ProfileId]) -> Result<BTreeSet<ProfileId>, sqlx::Error> {
        let mut known = BTreeSet::new();
        for some in ids.chunks(sql::KNOWN_AT_ONCE) {
            let texts: Vec<String> = some.iter().map(ToString::to_string).collect();
            // The statement has a fixed number of places: the last id fills those that are left.
            let filled = texts.iter().chain(texts.last().into_iter().cycle()).take(sql::KNOWN_AT_ONCE);
            let args: Vec<Arg<'_>> = filled.map(|text| Arg::Text(text)).collect();
            for row in self.engine.read(*sql::KNOWN, &args).await? {
                known.extend(row.text(0)?.parse::<ProfileId>().ok());
            }
        }
        Ok(known)
    }

    async fn try_get(&self, id: &str) -> Result<Option<Row>, sqlx::Error> {
        self.engine.read(sql::GET, &[Arg::Text(id)]).await?.first().map(row_of).transpose()
    }

    async fn try_list(
        &self,
        filter: &Filter,
        size: PageSize,
        after: Option<&Cursor>,
    ) -> Result<Vec<ProfileMetadata>, sqlx::Error> {
        let list = sql::list(filter, after.is_some());
        let after_id = after.map(|cursor| cursor.id.to_string()).unwrap_or_default();
        let given = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
        let (cluster, namespace, label) = (given(&filter.cluster), given(&filter.namespace), given(&filter.label));
        let micros = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_micros);
        let latest = |lag: i64| micros(filter.to).saturating_add(lag);
        let cursor = (micros(after.map(|cursor| cursor.created_at)), after_id.as_str());
        // The least id of the time after the latest leaves what the latest leaves.
        let before = |lag: Option<i64>| match lag.map(|lag| (latest(lag).saturating_add(1), "")) {
            Some(latest) => latest.min(cursor),
            None => cursor,
        };
        let text = match self.engine {
            Engine::Sqlite { .. } => list.text_for_sqlite,
            Engine::Postgres(_) | Engine::Dsql { .. } => list.text,
        };
        let args: Vec<Arg<'_>> = list
            .params
            .iter()
            .map(|param| match param {
                Param::Cluster => Arg::Text(&cluster),
                Param::Namespace => Arg::Text(&namespace),
                Param::Label => Arg::Text(&label),
                Param::From => Arg::Int(micros(filter.from)),
                Param::To => Arg::Int(micros(filter.to)),
                Param::Limit => Arg::Int(sql::rows(size)),
                Param::Earliest(lag) => Arg::Int(micros(filter.from).saturating_add(*lag)),
                Param::Latest(lag) => Arg::Int(latest(*lag)),
                Param::BeforeTime(lag) => Arg::Int(before(*lag).0),
                Param::BeforeId(lag) => Arg::Text(before(*lag).1),
            })
            .collect();
        self.engine.read(text, &args).await?.iter().map(|row| row_of(row).map(|row| row.metadata)).collect()
    }

    async fn try_set_baseline(&self, id: &str) -> Result<Option<ProfileMetadata>, sqlx::Error> {
        let mut within = self.engine.begin().await?;
        if within.execute(sql::TOUCH, &[Arg::Text(id)]).await? == 0 {
            return Ok(None);
        }
        reached("baseline: profile touched");
        let Some(row) = found(&mut within, id).await? else { return Ok(None) };
        let mut metadata = row.metadata;
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        within
            .execute(sql::SET_BASELINE, &[Arg::Text(&metadata.cluster_id), Arg::Text(namespace), Arg::Text(id)])
            .await?;
        reached("baseline: row written");
        within.commit().await?;
        reached("baseline: committed");
        metadata.is_baseline = true;
        Ok(Some(metadata))
    }

    async fn try_baseline(&self, cluster: &str, namespace: &str) -> Result<Option<ProfileMetadata>, sqlx::Error> {
        let rows = self.engine.read(sql::BASELINE, &[Arg::Text(cluster), Arg::Text(namespace)]).await?;
        rows.first().map(|row| row_of(row).map(|row| row.metadata)).transpose()
    }

    async fn try_remove(&self, id: &str) -> Result<bool, sqlx::Error> {
        let mut within = self.engine.begin().await?;
        let Some(row) = found(&mut within, id).await? else { return Ok(false) };
        if within.execute(sql::REMOVE, &[Arg::Text(id)]).await? == 0 {
            return Ok(false);
        }
        reached("remove: row deleted");
        let namespace = row.metadata.namespace.as_deref().unwrap_or_default();
        within
            .execute(sql::UNSET_BASELINE, &[Arg::Text(&row.metadata.cluster_id), Arg::Text(namespace), Arg::Text(id)])
            .await?;
        reached("remove: baseline deleted");
        within.commit().await?;
        reached("remove: committed");
        Ok(true)
    }
}

async fn found(within: &mut Transaction, id: &str) -> Result<Option<Row>, sqlx::Error> {
    within.rows(sql::GET, &[Arg::Text(id)]).await?.first().map(row_of).transpose()
}

/// The columns of [`sql::GET`] and of every list.
fn row_of(row: &Answer) -> Result<Row, sqlx::Error> {
    let time = |column: usize| {
        let range = || sqlx::Error::Decode("a time beyond the year 9999".into());
        Timestamp::from_micros(row.int(column)?).ok_or_else(range)
    };
    let given = |text: String| (!text.is_empty()).then_some(text);
    let metadata = ProfileMetadata {
        id: row.text(0)?.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        name: row.text(1)?,
        label: given(row.text(2)?),
        cluster_id: row.text(3)?,
        namespace: given(row.text(4)?),
        time_window_start: time(5)?,
        time_window_end: time(6)?,
        created_at: time(7)?,
        is_baseline: row.maybe_text(9)?.is_some(),
    };
    Ok(Row { metadata, digest: row.text(8)? })
}

#[async_trait]
impl Index for Database {
    async fn identity(&self) -> Result<Option<String>, StoreError> {
        transact!("read its identity", self.try_identity())
    }

    async fn identify(&self, proposed: &str) -> Result<String, StoreError> {
        const DOING: &str = "take an identity";
        transact!("take an identity", self.one(sql::IDENTIFY, &[Arg::Text(proposed)]))?;
        let missing = || StoreError::Index { doing: DOING, cause: "it is not there after it was written".to_owned() };
        self.identity().await?.ok_or_else(missing)
    }

    async fn reserve(&self, id: ProfileId, now: Timestamp) -> Result<(), StoreError> {
        let text = id.to_string();
        match transact!("reserve an id", self.try_reserve(&text, now))? {
            true => Ok(()),
            false => Err(StoreError::Taken { id }),
        }
    }

    async fn release(&self, id: ProfileId) -> Result<(), StoreError> {
        let id = id.to_string();
        transact!("release a reservation", self.one(sql::RELEASE, &[Arg::Text(&id)])).map(drop)
    }

    async fn publish(&self, row: &Row) -> Result<bool, StoreError> {
        transact!("publish a profile", self.try_publish(row))
    }

    async fn expire(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut expired = 0;
        loop {
            let some = transact!("expire reservations", self.one(sql::EXPIRE, &[Arg::Int(before.as_micros())]))?;
            if some == 0 {
                return Ok(expired);
            }
            expired += some;
        }
    }

    async fn known(&self, ids: &[ProfileId]) -> Result<BTreeSet<ProfileId>, StoreError> {
        transact!("look profiles up", self.try_known(ids))
    }

    async fn get(&self, id: ProfileId) -> Result<Option<Row>, StoreError> {
        let id = id.to_string();
        transact!("read a profile's row", self.try_get(&id))
    }

    async fn list(&self, filter: &Filter, size: PageSize, after: Option<&Cursor>) -> Result<Page, StoreError> {
        // Absent texts are empty in the index, so an empty one is nobody's; nor is one that PostgreSQL could not hold.
        let is_nobodys = |text: &str| text.is_empty() || text.contains('\0');
        if [&filter.cluster, &filter.namespace, &filter.label].into_iter().flatten().any(|text| is_nobodys(text)) {
            return Ok(Page { profiles: Vec::new(), next: None });
        }
        let mut profiles = transact!("list profiles", self.try_list(filter, size, after))?;
        let more = profiles.len() > usize::from(size.get());
        profiles.truncate(usize::from(size.get()));
        let next = if more { profiles.last().map(Cursor::behind) } else { None };
        Ok(Page { profiles, next })
    }

    async fn set_baseline(&self, id: ProfileId) -> Result<Option<ProfileMetadata>, StoreError> {
        let id = id.to_string();
        transact!("set a baseline", self.try_set_baseline(&id))
    }

    async fn baseline(&self, cluster: &str, namespace: Option<&str>) -> Result<Option<ProfileMetadata>, StoreError> {
        transact!("read a baseline", self.try_baseline(cluster, namespace.unwrap_or_default()))
    }

    async fn remove(&self, id: ProfileId) -> Result<bool, StoreError> {
        let id = id.to_string();
        transact!("remove a profile", self.try_remove(&id))
    }
}
