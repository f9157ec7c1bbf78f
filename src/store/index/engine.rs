//! Connections: SQLite and PostgreSQL behind one small interface, so that each transaction is written once.

use super::iam::Tokens;
use crate::store::StoreError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow, PgSslMode};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Postgres, Row as _, Sqlite};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A database.
pub(super) enum Engine {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
    Dsql { pool: PgPool, tokens: Box<Tokens> },
}

/// A value of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arg<'a> {
    Text(&'a str),
    Int(i64),
}

/// A row of an answer.
pub(super) enum Answer {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Answer {
    pub(super) fn text(&self, column: usize) -> Result<String, sqlx::Error> {
        match self {
            Answer::Sqlite(row) => row.try_get(column),
            Answer::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn maybe_text(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
        match self {
            Answer::Sqlite(row) => row.try_get(column),
            Answer::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn int(&self, column: usize) -> Result<i64, sqlx::Error> {
        match self {
            Answer::Sqlite(row) => row.try_get(column),
            Answer::Postgres(row) => row.try_get(column),
        }
    }
}

fn for_sqlite<'q>(text: &'static str, args: &[Arg<'_>]) -> Query<'q, Sqlite, SqliteArguments> {
    args.iter().fold(sqlx::query(text), |query, arg| match arg {
        Arg::Text(value) => query.bind((*value).to_owned()),
        Arg::Int(value) => query.bind(*value),
    })
}

fn for_postgres<'q>(text: &'static str, args: &[Arg<'_>]) -> Query<'q, Postgres, PgArguments> {
    args.iter().fold(sqlx::query(text), |query, arg| match arg {
        Arg::Text(value) => query.bind((*value).to_owned()),
        Arg::Int(value) => query.bind(*value),
    })
}

/// A transaction: it is undone unless it is committed.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    /// Runs a statement; how many rows it changed.
    pub(super) async fn execute(&mut self, text: &'static str, args: &[Arg<'_>]) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Transaction::Sqlite(within) => for_sqlite(text, args).execute(&mut **within).await?.rows_affected(),
            Transaction::Postgres(within) => for_postgres(text, args).execute(&mut **within).await?.rows_affected(),
        })
    }

    /// The rows of a statement's answer.
    pub(super) async fn rows(&mut self, text: &'static str, args: &[Arg<'_>]) -> Result<Vec<Answer>, sqlx::Error> {
        Ok(match self {
            Transaction::Sqlite(within) => {
                for_sqlite(text, args).fetch_all(&mut **within).await?.into_iter().map(Answer::Sqlite).collect()
            }
            Transaction::Postgres(within) => {
                for_postgres(text, args).fetch_all(&mut **within).await?.into_iter().map(Answer::Postgres).collect()
            }
        })
    }

    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Transaction::Sqlite(within) => within.commit().await,
            Transaction::Postgres(within) => within.commit().await,
        }
    }
}

impl Engine {
    /// The database in a file, which is made if it is not there.
    pub(super) async fn sqlite(file: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Each commit is flushed: what was acknowledged survives the loss of power.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(CONNECT);
        // One writer: writers of one process wait here and not for a lock.
        let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let read = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options.read_only(true));
        Ok(Engine::Sqlite { write, read })
    }

    /// The PostgreSQL database of this URL. Unless the URL says otherwise, its certificate is verified; on this machine
    /// none is asked for.
    pub(super) async fn postgres(url: &str) -> Result<Self, sqlx::Error> {
        let mut options: PgConnectOptions = url.parse()?;
        if !url.contains("sslmode=") && !url.contains("ssl-mode=") && !is_here(options.get_host()) {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        // The one level of isolation that Aurora DSQL has: what holds there holds here.
        let options = usual(options).options([("default_transaction_isolation", "repeatable read")]);
        Ok(Engine::Postgres(pool(options).await?))
    }

    /// An Aurora DSQL cluster.
    pub(super) async fn dsql(tokens: Tokens) -> Result<Self, StoreError> {
        let options = usual(PgConnectOptions::new_without_pgpass())
            .host(tokens.host())
            .port(5432)
            .username(tokens.user())
            .database("postgres")
            .ssl_mode(PgSslMode::VerifyFull)
            .password(&tokens.first().await?);
        let pool = pool(options).await.map_err(|error| StoreError::index("connect", &error))?;
        Ok(Engine::Dsql { pool, tokens: Box::new(tokens) })
    }

    /// Whether indexes are made asynchronously, and only so.
    pub(super) fn makes_indexes_asynchronously(&self) -> bool {
        matches!(self, Engine::Dsql { .. })
    }

    /// The pool, with a token that a connection made now is accepted with.
    async fn pool(&self) -> Result<&PgPool, sqlx::Error> {
        match self {
            Engine::Postgres(pool) => Ok(pool),
            Engine::Dsql { pool, tokens } => {
                if let Some(token) =
                    tokens.refreshed().await.map_err(|error| sqlx::Error::Configuration(error.into()))?
                {
                    pool.set_connect_options(PgConnectOptions::clone(&pool.connect_options()).password(&token));
                }
                Ok(pool)
            }
            Engine::Sqlite { .. } => Err(sqlx::Error::Configuration("SQLite has no such pool".into())),
        }
    }

    /// Begins a transaction that may write.
    pub(super) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        Ok(match self {
            // A transaction that begins as a reader cannot always become a writer.
            Engine::Sqlite { write, .. } => Transaction::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            _ => Transaction::Postgres(self.pool().await?.begin().await?),
        })
    }

    /// The rows of one statement that only reads.
    pub(super) async fn read(&self, text: &'static str, args: &[Arg<'_>]) -> Result<Vec<Answer>, sqlx::Error> {
        Ok(match self {
            Engine::Sqlite { read, .. } => {
                for_sqlite(text, args).fetch_all(read).await?.into_iter().map(Answer::Sqlite).collect()
            }
            _ => {
                let rows = for_postgres(text, args).fetch_all(self.pool().await?).await?;
                rows.into_iter().map(Answer::Postgres).collect()
            }
        })
    }
}

fn usual(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("tdsql")
}

async fn pool(options: PgConnectOptions) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(CONNECT)
        // Aurora DSQL ends a connection after an hour.
        .max_lifetime(Duration::from_secs(50 * 60))
        .connect_with(options)
        .await
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.starts_with('/') || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the transaction met another one, and may succeed when it is tried again.
pub(super) fn met_another(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        // Serialisation failure; deadlock; Aurora DSQL's conflicts of data and of schema.
        "40001" | "40P01" | "OC000" | "OC001" => true,
        // SQLite: busy, its snapshot has become old, its file is being recovered; a table is locked.
        "5" | "261" | "517" | "6" | "262" => true,
        _ => error.message().contains("(OC000)") || error.message().contains("(OC001)"),
    }
}

/// Whether a step of the schema met the same step elsewhere: `IF NOT EXISTS` looks before others have committed.
pub(super) fn met_same_step(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else { return false };
    let code = database.code().unwrap_or_default();
    met_another(error) || matches!(code.as_ref(), "23505" | "42P07" | "42710" | "XX000")
}
