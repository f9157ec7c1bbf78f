//! Documents in a bucket: `<prefix>profiles/<id>.json`.

use super::Documents;
use crate::model::behaviour::ProfileId;
use crate::store::StoreError;
use crate::store::location::S3At;
use crate::store::steps::reached;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;

/// The region that is signed for where an endpoint of its own is named and no region is.
const REGION_OF_OTHERS: &str = "us-east-1";

/// Documents in a bucket.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    at: S3At,
}

impl S3 {
    /// The documents in this bucket, which must be there. Credentials come from where AWS tools look for them.
    ///
    /// # Errors
    ///
    /// None today: the bucket is asked for the first time when it is used.
    pub async fn open(at: &S3At) -> Result<Self, StoreError> {
        let shared =
            crate::aws::settings(at.region.as_deref(), at.endpoint.is_some().then_some(REGION_OF_OTHERS)).await;
        let mut config = aws_sdk_s3::config::Builder::from(&shared);
        if let Some(endpoint) = &at.endpoint {
            config = config.endpoint_url(endpoint).force_path_style(true);
        }
        Ok(Self::with(Client::from_conf(config.build()), at))
    }

    /// The documents in this bucket, through a client that the caller has set up.
    #[must_use]
    pub fn with(client: Client, at: &S3At) -> Self {
        S3 { client, at: at.clone() }
    }

    fn profiles(&self) -> String {
        format!("{}profiles/", self.at.prefix)
    }

    fn key(&self, id: ProfileId) -> String {
        format!("{}{id}.json", self.profiles())
    }

    fn identity_key(&self) -> String {
        format!("{}store-id", self.at.prefix)
    }

    async fn read(&self, doing: &'static str, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        let answer = match self.client.get_object().bucket(&self.at.bucket).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(self.failed(doing, &error)),
        };
        let body = answer.body.collect().await.map_err(|error| StoreError::documents(doing, &error))?;
        Ok(Some(body.to_vec()))
    }

    /// The code of the service's answer says more than the kind of error.
    fn failed<E, R>(&self, doing: &'static str, error: &SdkError<E, R>) -> StoreError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        match StoreError::documents(doing, error) {
            StoreError::Documents { doing, cause } => {
                let code = error.code().map(|code| format!("{code}: ")).unwrap_or_default();
                let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
                StoreError::Documents {
                    doing,
                    cause: crate::store::masked(&format!("bucket `{}`: {code}{cause}{message}", self.at.bucket)),
                }
            }
            other => other,
        }
    }
}

#[async_trait]
impl Documents for S3 {
    async fn identity(&self) -> Result<Option<String>, StoreError> {
        let read = self.read("read its identity", self.identity_key()).await?;
        Ok(read.map(|body| String::from_utf8_lossy(&body).trim().to_owned()))
    }

    async fn identify(&self, proposed: &str) -> Result<String, StoreError> {
        const DOING: &str = "take an identity";
        let body = ByteStream::from(format!("{proposed}\n").into_bytes());
        let put = self.client.put_object().bucket(&self.at.bucket).key(self.identity_key());
        match put.if_none_match("*").content_type("text/plain").body(body).send().await {
            Ok(_) => {}
            // Another process was first: with the condition failed, or still at it.
            Err(error) if matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict")) => {}
            Err(error) => return Err(self.failed(DOING, &error)),
        }
        let missing =
            || StoreError::Documents { doing: DOING, cause: "it is not there after it was written".to_owned() };
        self.identity().await?.ok_or_else(missing)
    }

    async fn put(&self, id: ProfileId, document: Vec<u8>) -> Result<(), StoreError> {
        let put = self.client.put_object().bucket(&self.at.bucket).key(self.key(id)).content_type("application/json");
        let sent = put.body(ByteStream::from(document)).send().await;
        reached("document: object written");
        sent.map(drop).map_err(|error| self.failed("write a document", &error))
    }

    async fn get(&self, id: ProfileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("read a document", self.key(id)).await
    }

    async fn delete(&self, id: ProfileId) -> Result<(), StoreError> {
        match self.client.delete_object().bucket(&self.at.bucket).key(self.key(id)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(()),
            Err(error) => Err(self.failed("remove a document", &error)),
        }
    }

    async fn list(&self, after: Option<String>) -> Result<(Vec<ProfileId>, Option<String>), StoreError> {
        let prefix = self.profiles();
        let asked = self.client.list_objects_v2().bucket(&self.at.bucket).prefix(&prefix).set_continuation_token(after);
        let answer = asked.send().await.map_err(|error| self.failed("list the documents", &error))?;
        let id_in = |key: &str| key.strip_prefix(&prefix)?.strip_suffix(".json")?.parse().ok();
        let ids = answer.contents().iter().filter_map(|object| id_in(object.key()?)).collect();
        Ok((ids, answer.next_continuation_token().map(str::to_owned)))
    }
}
