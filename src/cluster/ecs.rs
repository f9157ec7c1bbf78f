//! The task definition that an ECS service runs.

use super::{AskError, InvalidAddress, PATIENCE, base, refused, sent};
use crate::aws::Signer;
use crate::upstream::{self, Attempt};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::SystemTime;

const WHOM: &str = "ECS";

/// The form of the bodies, of AWS' JSON protocol 1.1.
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

/// What the call is named by, before its name.
const TARGET: &str = "AmazonEC2ContainerServiceV20141113";

/// Names the call.
const TARGET_HEADER: &str = "x-amz-target";

/// Faults that a later attempt may not meet; ECS answers 400 with them.
const PASSING: [&str; 3] = ["ThrottlingException", "ServerException", "RequestLimitExceeded"];

/// A service of ECS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcsAt {
    /// The cluster's name or ARN.
    pub cluster: String,
    /// The service's name or ARN.
    pub service: String,
    /// The region.
    pub region: String,
    /// An endpoint other than the region's own.
    pub endpoint: Option<String>,
}

/// A service of ECS, and who asks about it: with the credentials that AWS tools would find.
#[derive(Debug)]
pub struct Ecs {
    at: EcsAt,
    url: Url,
    client: Client,
    signer: Signer,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Services {
    #[serde(default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    #[serde(default)]
    status: String,
    task_definition: Option<String>,
    /// Where another controller deploys.
    #[serde(default)]
    task_sets: Vec<TaskSet>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskSet {
    #[serde(default)]
    status: String,
    task_definition: String,
}

impl Service {
    fn runs(self) -> Option<String> {
        let of_sets = || self.task_sets.into_iter().find(|set| set.status == "PRIMARY").map(|set| set.task_definition);
        self.task_definition.filter(|definition| !definition.is_empty()).or_else(of_sets)
    }
}

impl Ecs {
    /// The service of these settings. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If the region is none, or the endpoint is no http or https URL or has credentials.
    pub fn new(at: EcsAt) -> Result<Self, InvalidAddress> {
        let is_region = (1..=32).contains(&at.region.len())
            && at.region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_region {
            return Err(InvalidAddress::Region(crate::model::clipped(&at.region)));
        }
        let own = || {
            let of = if at.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://ecs.{}.{of}", at.region)
        };
        let url = base(&at.endpoint.clone().unwrap_or_else(own))?;
        let client = upstream::client(PATIENCE).build().map_err(|_| InvalidAddress::Url)?;
        let signer = Signer::new(&at.region, "ecs");
        Ok(Ecs { at, url, client, signer })
    }

    /// The task definition that the service's tasks run, as the JSON that `DescribeTaskDefinition` answers with. It may hold
    /// secrets in its environment: whoever reads it has to leave them out.
    ///
    /// # Errors
    ///
    /// See [`AskError`].
    pub async fn task_definition(&self) -> Result<String, AskError> {
        let asked = json!({ "cluster": self.at.cluster, "services": [self.at.service] });
        let services: Services = read(&self.call("DescribeServices", &asked).await?)?;
        // A service that was deleted is told of for a while.
        let running = services.services.into_iter().find(|service| service.status != "INACTIVE");
        let missing = || {
            let [service, cluster] = [&self.at.service, &self.at.cluster].map(|name| crate::model::clipped(name));
            AskError::Missing { whom: WHOM, what: format!("service `{service}` in the cluster `{cluster}`") }
        };
        let definition = running.ok_or_else(missing)?.runs();
        let definition = definition
            .ok_or_else(|| AskError::Missing { whom: WHOM, what: "task definition of that service".to_owned() })?;
        let body = self.call("DescribeTaskDefinition", &json!({ "taskDefinition": definition })).await?;
        let found: Value = read(&body)?;
        if !found["taskDefinition"].is_object() {
            return Err(AskError::Malformed { whom: WHOM, why: "it has no `taskDefinition`".to_owned() });
        }
        Ok(found.to_string())
    }

    /// What a call is answered with.
    async fn call(&self, name: &str, asked: &Value) -> Result<Vec<u8>, AskError> {
        let (target, body) = (format!("{TARGET}.{name}"), asked.to_string());
        upstream::tried(|| self.attempt(&target, &body)).await
    }

    async fn attempt(&self, target: &str, body: &str) -> Result<Vec<u8>, Attempt<AskError>> {
        let unsigned = |why| Attempt::Final(AskError::Credentials { whom: WHOM, why });
        let headers = [(CONTENT_TYPE.as_str(), MEDIA_TYPE), (TARGET_HEADER, target)];
        let signed = self.signer.sign(self.url.as_str(), &headers, body, SystemTime::now()).await.map_err(unsigned)?;
        let signed = signed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signed = upstream::secret_headers(signed).map_err(unsigned)?;
        let request =
            headers.into_iter().fold(self.client.post(self.url.clone()).headers(signed), |request, (name, value)| {
                request.header(name, value)
            });
        let (status, answer) = sent(WHOM, request.body(body.to_owned())).await?;
        if status.is_success() {
            return Ok(answer);
        }
        let fault = refused(WHOM, status, &answer);
        Err(if status == StatusCode::BAD_REQUEST && passes(&answer) {
            Attempt::Again(fault, None)
        } else {
            Attempt::Final(fault)
        })
    }
}

/// Whether a refusal is of a kind that a later attempt may not meet.
fn passes(answer: &[u8]) -> bool {
    let kind = serde_json::from_slice::<Value>(answer).ok().and_then(|said| Some(said["__type"].as_str()?.to_owned()));
    kind.is_some_and(|kind| PASSING.iter().any(|passing| kind.rsplit('#').next() == Some(passing)))
}

fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, AskError> {
    serde_json::from_slice(body).map_err(|fault| AskError::Malformed { whom: WHOM, why: fault.to_string() })
}
