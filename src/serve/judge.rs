//! What is made of behaviour profiles: comparison, drift, conformance, recommendations, and all of them.

use super::Service;
use super::problem::{Kind, Problem};
use super::profiles::{creation, id};
use super::route::{Call, Json};
use crate::assess::assess;
use crate::compare::{ThresholdFault, Thresholds, compare as differ};
use crate::conformance::conformance as hold;
use crate::create::collected;
use crate::diag::Diagnostics;
use crate::drift::{Current, drift as deviate};
use crate::model::behaviour::{
    Assessment, BehaviourProfile, CompareRequest, ConformanceReport, CreateProfileRequest, DriftReport,
    JudgementRequest, ProfileComparison, ProfileId, Recommendations, USUAL_WINDOW,
};
use crate::recommend::recommend;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn compare(call: Call<Json<CompareRequest>>) -> Result<Json<ProfileComparison>, Problem> {
    let Call { service, body: Json(request), .. } = call;
    let thresholds = thresholds(&service, &request.thresholds)?;
    let (a, b) = (id(&request.profile_a_id)?, id(&request.profile_b_id)?);
    let (a, b) = (service.store.get(a).await?, service.store.get(b).await?);
    differ(service.catalog, &a, &b, &thresholds)
        .map(Json)
        .map_err(|fault| Problem::new(Kind::BadRequest, fault.to_string()).remedy("name two different profiles"))
}

pub(super) async fn conformance(call: Call<()>) -> Result<Json<ConformanceReport>, Problem> {
    let profile = call.service.store.get(id(&call.name)?).await?;
    let catalog = call.service.catalog;
    hold(catalog, &profile, call.query.text("preset").as_deref()).map(Json).map_err(refused(&call.service))
}

pub(super) async fn recommendations(call: Call<()>) -> Result<Json<Recommendations>, Problem> {
    let profile = call.service.store.get(id(&call.name)?).await?;
    let baseline = baseline(&call.service, &profile).await?;
    let preset = call.query.text("preset");
    recommend(call.service.catalog, baseline.as_ref(), &profile, preset.as_deref())
        .map(Json)
        .map_err(refused(&call.service))
}

pub(super) async fn drift(call: Call<Json<JudgementRequest>>) -> Result<Json<DriftReport>, Problem> {
    let Call { service, body: Json(request), .. } = call;
    let thresholds = thresholds(&service, &request.thresholds)?;
    let Judged { profile, kept } = judged(&service, &request).await?;
    let Some(baseline) = baseline(&service, &profile).await? else {
        let message = if profile.is_baseline { "the profile is the baseline itself" } else { "there is no baseline" };
        return Err(Problem::new(Kind::NotFound, format!("{message}: drift cannot be told"))
            .remedy("`POST /profiles/{id}/baseline` makes a profile the baseline of its cluster and namespace"));
    };
    let current = Current { profile_id: kept, ..Current::from(&profile) };
    Ok(Json(deviate(service.catalog, &baseline, current, &thresholds)))
}

pub(super) async fn assessment(call: Call<Json<JudgementRequest>>) -> Result<Json<Assessment>, Problem> {
    let Call { service, query, body: Json(request), .. } = call;
    let thresholds = thresholds(&service, &request.thresholds)?;
    let Judged { profile, kept } = judged(&service, &request).await?;
    let baseline = baseline(&service, &profile).await?;
    let preset = query.text("preset");
    let told = assess(service.catalog, baseline.as_ref(), &profile, preset.as_deref(), &thresholds)
        .map_err(refused(&service))?;
    Ok(Json(if kept.is_some() { told } else { told.of_unkept() }))
}

fn refused(service: &Service) -> impl Fn(Diagnostics) -> Problem + use<> {
    let catalog = service.catalog;
    move |faults| Problem::refused(Kind::Unprocessable, catalog, &faults)
}

fn thresholds(service: &Service, set: &BTreeMap<String, f64>) -> Result<Thresholds, Problem> {
    Thresholds::with(service.catalog, set.iter().map(|(name, percent)| (name.as_str(), *percent))).map_err(|faults| {
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let near = faults.iter().find_map(|fault| match fault {
            ThresholdFault::UnknownCategory { suggestion, .. } => suggestion.as_ref(),
            ThresholdFault::NoPercentage { .. } => None,
        });
        let problem = Problem::new(Kind::BadRequest, said.join("; "));
        match near {
            Some(near) => problem.remedy(format!("did you mean `{near}`?")),
            None => problem,
        }
    })
}

/// The baseline of a profile's cluster and namespace; none where that is the profile itself.
async fn baseline(service: &Service, profile: &BehaviourProfile) -> Result<Option<BehaviourProfile>, Problem> {
    let found = service.store.baseline(&profile.cluster_id, profile.namespace.as_deref()).await?;
    match found.filter(|found| found.id != profile.id) {
        Some(found) => Ok(Some(service.store.get(found.id).await?)),
        None => Ok(None),
    }
}

/// What is judged.
struct Judged {
    profile: BehaviourProfile,
    /// Its id; none of telemetry that is not kept.
    kept: Option<ProfileId>,
}

/// The profile that is named, the telemetry of the window, or the newest profile.
async fn judged(service: &Arc<Service>, request: &JudgementRequest) -> Result<Judged, Problem> {
    let JudgementRequest { cluster_id, namespace, profile_id, time_window_start, time_window_end, .. } = request;
    let kept = |profile: BehaviourProfile| Judged { kept: Some(profile.id), profile };
    match (profile_id, time_window_start, time_window_end) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            Err(Problem::new(Kind::BadRequest, "a profile has its own window").remedy("name a profile, or a window"))
        }
        (_, None, None) if request.config.is_some() => {
            let message = "a profile has its own configuration";
            Err(Problem::new(Kind::BadRequest, message).remedy("leave `config` out, or name a window"))
        }
        (Some(named), None, None) => {
            let profile = service.store.get(id(named)?).await?;
            if (&profile.cluster_id, &profile.namespace) != (cluster_id, namespace) {
                let message = "the profile is of another cluster or namespace";
                return Err(Problem::new(Kind::BadRequest, message).remedy("name those of the profile"));
            }
            Ok(kept(profile))
        }
        (None, None, None) => match service.store.newest(cluster_id, namespace.as_deref()).await? {
            Some(newest) => Ok(kept(service.store.get(newest.id).await?)),
            None => Err(Problem::new(Kind::NotFound, "there is no profile of this cluster and namespace")
                .remedy("`POST /profiles` makes one; with a window, its telemetry is judged")),
        },
        (None, start, end) => {
            // The last samples take a while to arrive.
            let settled = Duration::from_secs(u64::from(service.catalog.telemetry.window.settle));
            let end = end.unwrap_or_else(|| service.now().before(settled));
            let (source, creation) = creation(
                service,
                CreateProfileRequest {
                    name: "not kept".to_owned(),
                    cluster_id: cluster_id.clone(),
                    namespace: namespace.clone(),
                    task_queue: None,
                    time_window_start: start.unwrap_or_else(|| end.before(USUAL_WINDOW)),
                    time_window_end: end,
                    label: None,
                    config: request.config.clone(),
                },
            )
            .await?;
            Ok(Judged { profile: collected(service.catalog, source, creation).await?, kept: None })
        }
    }
}
