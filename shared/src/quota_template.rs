//! `Custom::QuotaTemplate`: Lambda's concurrent executions in the organization's quota request
//! template, so that AWS requests them for each account that is created from now on.
//!
//! The template has no owners and no tags. The entries of a stack's resource are remembered by tags
//! of the function itself (`claim`), written before the entry. So there is one path: desired
//! entries against existing ones (`plan`), and a Delete desires none. Before that, each request
//! releases entries that were changed outside of the stack: the tag is removed, so that the entry
//! is foreign for every later request.

mod claim;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod plan;
mod properties;
pub mod template;

use std::collections::BTreeMap;

use tracing::{info, warn};

use crate::cfn::{CustomResource, PROVIDER_VERSION, Progress, Request, RequestType, Success};
use crate::cloud::CallError;
use crate::digest::digest;
use crate::state::{Account, Owner};
use claim::{ASSOCIATION_TAG, Claims};
use plan::{Before, Plan, Step, found, plan};
pub use plan::{Region, SIZE};
use properties::Properties;
use template::{Entry, Template};

/// The value of the association's mark.
const ASSOCIATED: &str = "made by account-presets";

/// The custom resource.
#[derive(Clone, Debug)]
pub struct QuotaTemplate<T> {
    template: T,
    account: Account,
}

impl<T: Template> QuotaTemplate<T> {
    /// Serves the organization of this management account.
    pub fn new(template: T, account: Account) -> Self {
        QuotaTemplate { template, account }
    }

    fn is_our_stack(&self, request: &Request) -> bool {
        Account::from_arn(&request.stack_id).is_some_and(|stack| stack == self.account)
    }
}

impl<T: Template> CustomResource for QuotaTemplate<T> {
    const RESOURCE_TYPE: &'static str = "Custom::QuotaTemplate";

    /// Stack and logical id: it is the same resource for all entries.
    fn physical_id(&self, request: &Request) -> String {
        let me = Owner::new(&request.stack_id, &request.logical_resource_id);
        let stack = request.stack_id.split('/').nth(1).unwrap_or_default();
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(128).collect()
        };
        let logical_id = plain(&request.logical_resource_id);
        format!("quota-template:{}:{logical_id}:{}", plain(stack), digest(me.key(), 16))
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        let me = Owner::new(&request.stack_id, &request.logical_resource_id);
        if kind == RequestType::Delete {
            // Nothing here belongs to a stack of another account.
            if self.is_our_stack(request) {
                self.delete(&me, progress).await?;
            }
            return Ok(Success::default());
        }
        let wanted = strict(request, &self.account.region)?;
        if !self.is_our_stack(request) {
            return Err(format!(
                "ServiceToken: the stack is not in {} of account {}, which this function serves; \
                 take the ServiceToken of a provider in the stack's own account and Region",
                self.account.region, self.account.id
            ));
        }
        let before = (kind == RequestType::Update).then(|| {
            let (earlier, _) = Properties::read(&request.old_properties, &self.account.region);
            earlier.map(Before::from).unwrap_or_default()
        });
        self.bring(&me, &wanted, before.as_ref(), progress).await
    }
}

impl<T: Template> QuotaTemplate<T> {
    /// Brings the template to the desired entries, as far as `me` owns them, and associates it.
    async fn bring(
        &self,
        me: &Owner,
        wanted: &Properties,
        before: Option<&Before>,
        progress: &Progress,
    ) -> Result<Success, String> {
        progress.note("looking at the quota request template");
        let tags = self.template.tags().await.map_err(told)?;
        let entries = self.template.entries().await.map_err(told)?;
        let claims = self.let_go(me, Claims::read(&tags), &entries, progress).await?;
        let plan = plan(me, Some(wanted), before, &entries, &claims)
            .map_err(|refusals| refusals.join("; "))?;
        self.carry_out(me, &plan, progress).await?;
        self.associate(me, &tags, progress).await?;
        Ok(Success { physical_resource_id: None, data: attributes(wanted, &plan) })
    }

    /// Removes the notes about entries that were changed since `me` put them, even if the request
    /// fails: they are foreign, and stay foreign when they have by chance the value that `me` put.
    async fn let_go(
        &self,
        me: &Owner,
        mut claims: Claims,
        entries: &[Entry],
        progress: &Progress,
    ) -> Result<Claims, String> {
        for (region, value) in claims.let_go(me, &found(entries)) {
            begin(progress, &format!("releasing the entry of {region}"))?;
            warn!(
                region,
                value,
                "this entry was changed outside of the stack: it is foreign from now on, and stays"
            );
            self.template.untag(&claim::key(me, &region)).await.map_err(told)?;
        }
        Ok(claims)
    }

    /// Has the template used. Where the association is this provider's, `me` notes that it needs it.
    async fn associate(
        &self,
        me: &Owner,
        tags: &BTreeMap<String, String>,
        progress: &Progress,
    ) -> Result<(), String> {
        begin(progress, "asking whether the template is associated")?;
        let is_associated = self.template.is_associated().await.map_err(told)?;
        if is_associated && !tags.contains_key(ASSOCIATION_TAG) {
            return Ok(());
        }
        // The marks first, and that of `me` before all: a crash in between leaves no entry without
        // a record.
        let (key, text) = claim::use_tag(me);
        if !tags.contains_key(&key) {
            begin(progress, "noting that this resource needs the association")?;
            self.template.tag(&key, &text).await.map_err(told)?;
        }
        if !is_associated {
            begin(progress, "noting that the template is associated")?;
            self.template.tag(ASSOCIATION_TAG, ASSOCIATED).await.map_err(told)?;
            begin(progress, "associating the template with the organization")?;
            self.template.associate().await.map_err(told)?;
        }
        Ok(())
    }

    /// Removes the entries that `me` put into the template and that still have its value.
    async fn delete(&self, me: &Owner, progress: &Progress) -> Result<(), String> {
        progress.note("reading this resource's entries of the quota request template");
        let tags = self.template.tags().await.map_err(told)?;
        let claims = Claims::read(&tags);
        let (used, _) = claim::use_tag(me);
        if claims.of(me).is_empty() && !tags.contains_key(&used) {
            info!("nothing is done: this resource put nothing into the template");
            return Ok(());
        }
        let entries = self.template.entries().await.map_err(told)?;
        let claims = self.let_go(me, claims, &entries, progress).await?;
        let plan = plan(me, None, None, &entries, &claims).map_err(|it| it.join("; "))?;
        // The marks go last: changes that a crash interrupts are found again by them.
        let (marks, entries): (Vec<Step>, Vec<Step>) =
            plan.steps.iter().cloned().partition(|step| matches!(step, Step::Release { .. }));
        self.carry_out(me, &Plan { steps: entries, ..plan.clone() }, progress).await?;
        if tags.contains_key(ASSOCIATION_TAG) {
            self.let_go_of_the_association(me, &tags, progress).await?;
        }
        self.carry_out(me, &Plan { steps: marks, ..Plan::default() }, progress).await?;
        if tags.contains_key(&used) {
            begin(progress, "removing the note about the association")?;
            self.template.untag(&used).await.map_err(told)?;
        }
        Ok(())
    }

    /// Ends the association that this provider made, if it is not in use any more.
    async fn let_go_of_the_association(
        &self,
        me: &Owner,
        tags: &BTreeMap<String, String>,
        progress: &Progress,
    ) -> Result<(), String> {
        begin(progress, "asking whether the template is associated")?;
        if self.template.is_associated().await.map_err(told)? {
            if claim::is_used_by_others(tags, me) {
                info!("the template stays associated: another resource needs it");
                return Ok(());
            }
            begin(progress, "looking whether the template is empty")?;
            if !self.template.entries().await.map_err(told)?.is_empty() {
                info!("the template stays associated: it has other entries");
                return Ok(());
            }
            begin(progress, "ending the association of the empty template")?;
            self.template.disassociate().await.map_err(told)?;
        }
        // Also where another caller has ended it: the next association is that caller's.
        self.template.untag(ASSOCIATION_TAG).await.map_err(told)
    }

    async fn carry_out(&self, me: &Owner, plan: &Plan, progress: &Progress) -> Result<(), String> {
        info!(changes = plan.steps.len(), plan = %plan, "plan");
        for step in &plan.steps {
            begin(progress, &step.to_string())?;
            let done = match step {
                Step::Claim { region, values } => {
                    let (key, text) = claim::tag(me, region, values);
                    self.template.tag(&key, &text).await
                }
                Step::Put { region, value } => self.template.put(region, *value).await,
                Step::Remove { region } => self.template.remove(region).await,
                Step::Release { region } => self.template.untag(&claim::key(me, region)).await,
            };
            done.map_err(told)?;
        }
        Ok(())
    }
}

/// Notes the step that begins now, unless the work has to stop.
fn begin(progress: &Progress, doing: &str) -> Result<(), String> {
    if let Some(why) = progress.stopped() {
        return Err(format!("{doing}: was not begun; {why}"));
    }
    progress.note(doing);
    Ok(())
}

/// Explains the organization's own errors to the reader of the stack's events.
fn told(error: CallError) -> String {
    let remedy = match error.code.as_str() {
        "AccessDeniedException" | "AccessDenied" => {
            "; the template parameter QuotaTemplate of the provider gives the function this right"
        }
        "NoAvailableOrganizationException" => {
            "; only the management account of an organization has a quota request template"
        }
        "OrganizationNotInAllFeaturesModeException" => "; turn on all features of the organization",
        "AWSServiceAccessNotEnabledException" => {
            "; turn on trusted access for Service Quotas in AWS Organizations"
        }
        "TemplatesNotAvailableInRegionException" => {
            "; this partition of AWS has no quota request templates here"
        }
        _ => "",
    };
    format!("{error}{remedy}")
}

/// The names of the attributes for `Fn::GetAtt`.
pub const ATTRIBUTES: [&str; 5] =
    ["ConcurrentExecutions", "OwnEntries", "OtherEntries", "Message", PROVIDER_VERSION.0];

/// The attributes for `Fn::GetAtt`: the same set for every result.
fn attributes(wanted: &Properties, plan: &Plan) -> BTreeMap<String, String> {
    let pairs = |entries: &BTreeMap<Region, u64>| {
        let pairs = entries.iter().map(|(region, value)| format!("{region}={value}"));
        pairs.collect::<Vec<_>>().join(",")
    };
    let values = [
        wanted.value.to_string(),
        pairs(&plan.own),
        pairs(&plan.others),
        plan.message(wanted.value),
        PROVIDER_VERSION.1.to_owned(),
    ];
    ATTRIBUTES.map(str::to_owned).into_iter().zip(values).collect()
}

fn strict(request: &Request, region: &str) -> Result<Properties, String> {
    let given = request.properties.as_ref().map_err(Clone::clone)?;
    match Properties::read(given, region) {
        (Some(properties), problems) if problems.is_empty() => Ok(properties),
        (_, problems) => Err(problems.join("; ")),
    }
}
