//! The intent of a request, read once: the wanted properties, the former ones, and the life of the
//! resource that it is about.
//!
//! Must not know: the account's objects.

use std::collections::BTreeSet;
use std::time::UNIX_EPOCH;

use super::properties::Properties;
use super::transition::Transition;
use crate::cfn::{Request, RequestType};
use crate::digest::digest;
use crate::preset::parameters::Value;
use crate::preset::schema::Parameter;
use crate::state::{Id, Kind, Mark, Owner};

/// Hexadecimal digits that a physical id ends with.
const DIGITS: usize = 16;

/// A request, read.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    /// The type of CloudFormation's request.
    pub kind: RequestType,
    /// The resource that asks.
    pub me: Owner,
    /// The wanted properties; `None` for a Delete.
    pub wanted: Option<Properties>,
    /// The mistakes in the properties. A Create with mistakes is refused. So is an Update, unless
    /// it changes nothing: a stack has to return to properties that an older release accepted.
    pub mistakes: Option<String>,
    /// The former properties; `None` if they are not known.
    pub earlier: Option<Properties>,
    /// The properties of before have mistakes: they may be those of an older release.
    pub earlier_is_doubtful: bool,
    /// The physical id by which CloudFormation knows the resource, if this function made the id.
    pub known_id: Option<String>,
    /// The id that this request's properties give.
    pub computed_id: String,
    /// When CloudFormation sent the request, in seconds, and a digest of the request's id.
    pub sent: Option<(u64, String)>,
    /// The id that the properties of before give.
    earlier_id: Option<String>,
    /// The release that serves it.
    pub release: String,
}

impl Intent {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// A sentence for each mistake in properties that name no preset. On a Delete, whose properties
    /// cannot be corrected any more, nothing is a mistake.
    pub fn read(kind: RequestType, request: &Request, release: &str) -> Result<Self, String> {
        let me = Owner::new(&request.stack_id, &request.logical_resource_id);
        let (wanted, mistakes) = match kind {
            RequestType::Create | RequestType::Update => read(request)?,
            RequestType::Delete => (None, None),
        };
        let (earlier, is_doubtful) = earlier(kind, request);
        let id_of = |properties: &Properties| physical_id(&me, request, Some(properties));
        let computed_id = physical_id(&me, request, wanted.as_ref().or(earlier.as_ref()));
        let given = request.physical_resource_id.as_deref();
        let known_id = given.filter(|id| is_ours(id, &computed_id)).map(str::to_owned);
        let sent = request.response_url.issued_at();
        let sent = sent.and_then(|sent| sent.duration_since(UNIX_EPOCH).ok());
        Ok(Intent {
            kind,
            sent: sent.map(|sent| (sent.as_secs(), digest(&request.request_id, 6))),
            earlier_id: earlier.as_ref().map(id_of),
            earlier_is_doubtful: kind != RequestType::Create && (earlier.is_none() || is_doubtful),
            me,
            wanted,
            mistakes,
            earlier,
            known_id,
            computed_id,
            release: release.to_owned(),
        })
    }

    /// True if CloudFormation's physical id is the id of the wanted properties, as in the rollback
    /// of a replacement that failed.
    pub fn knows_wanted(&self, request: &Request) -> bool {
        let (Some(wanted), Some(earlier)) = (&self.wanted, &self.earlier) else { return false };
        let id = request.physical_resource_id.as_deref().unwrap_or_default();
        let is_others = wanted.name != earlier.name && preset_of(id) == wanted.name;
        is_others || id == self.computed_id
    }

    /// True if the properties of before give the id that CloudFormation knows.
    pub fn earlier_gives_the_id(&self) -> bool {
        self.known_id.is_some() && self.known_id == self.earlier_id
    }

    /// The mark for the objects of this request.
    pub fn mark(&self, transition: Transition) -> Mark {
        let known = self.known_id.as_ref().filter(|_| transition != Transition::Replace);
        let id = known.unwrap_or(&self.computed_id);
        Mark { id: Some(short(id)), release: Some(self.release.clone()), ..Mark::default() }
    }

    /// The mark of the life that a Delete or an Update is about; `None` if CloudFormation
    /// invented the id.
    pub fn life(&self) -> Option<String> {
        self.known_id.as_deref().map(short)
    }
}

/// A digest of the names and lists that a consumer chose and of the policies that `links` give to
/// roles and groups, by which a later request's choices are told from these. A user's policies are
/// marked at the user, and the further objects of a switch have marks of their own.
pub(super) fn choices(properties: &Properties, links: &BTreeSet<Id>) -> String {
    let texts = properties.parameters.iter().filter_map(|(name, value)| match value {
        Value::One(text) => {
            let parameter = properties.preset.parameters.get(name);
            let is_text = matches!(parameter, Some(Parameter::String { .. }));
            is_text.then(|| format!("{name}={text}"))
        }
        Value::List(texts) => {
            let mut texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
            texts.sort();
            Some(format!("{name}={}", texts.join(",")))
        }
    });
    let given = links.iter().filter(|link| {
        matches!(
            link.kind,
            Kind::RoleAttachment | Kind::RoleInline | Kind::GroupAttachment | Kind::GroupInline
        )
    });
    let given = given.map(|link| link.to_string().to_lowercase());
    digest(&texts.chain(given).collect::<Vec<_>>().join(" "), 8)
}

/// Preset, stack and logical id for people, and a digest of the owner and of the chosen texts: the
/// same for the same request in every release, another where all objects have other names.
pub(super) fn physical_id(
    me: &Owner,
    request: &Request,
    properties: Option<&Properties>,
) -> String {
    let texts = properties.map(Properties::chosen_texts).unwrap_or_default();
    let preset = properties.map_or("none", |properties| properties.name.as_str());
    let stack = request.stack_id.split('/').nth(1).unwrap_or_default();
    let logical_id = &request.logical_resource_id;
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(128).collect()
    };
    let digest = digest(&format!("{} {}", me.key(), texts.join(" ")), DIGITS);
    format!("{preset}:{}:{}:{digest}", plain(stack), plain(logical_id))
}

/// An id as a mark has it.
pub(super) fn short(id: &str) -> String {
    digest(id, 8)
}

/// True if the id has this function's form. It has another one where CloudFormation gave up on a
/// Create before the answer.
fn is_ours(id: &str, computed: &str) -> bool {
    let fits = || {
        let (names, digest) = id.rsplit_once(':')?;
        let (_, names) = names.split_once(':')?;
        let (ours, _) = computed.rsplit_once(':')?;
        let (_, ours) = ours.split_once(':')?;
        Some(names == ours && digest.len() == DIGITS)
    };
    fits().unwrap_or_default()
}

/// The former properties, and whether they have mistakes.
fn earlier(kind: RequestType, request: &Request) -> (Option<Properties>, bool) {
    // The function made the id, which names the preset even where the properties do not.
    let preset = request.physical_resource_id.as_deref().map(preset_of);
    let (properties, mistakes) = match kind {
        RequestType::Create => return (None, false),
        // After a replacement that failed they are not those of the id.
        RequestType::Update => match Properties::read(&request.old_properties, None) {
            (None, _) => Properties::read(&request.old_properties, preset),
            read => read,
        },
        RequestType::Delete => match request.properties.as_ref() {
            Ok(properties) => Properties::read(properties, preset),
            Err(_) => return (None, true),
        },
    };
    (properties, !mistakes.is_empty())
}

/// The wanted properties, and their mistakes.
fn read(request: &Request) -> Result<(Option<Properties>, Option<String>), String> {
    let given = request.properties.as_ref().map_err(Clone::clone)?;
    match Properties::read(given, None) {
        (Some(properties), problems) if problems.is_empty() => Ok((Some(properties), None)),
        (Some(properties), problems) => Ok((Some(properties), Some(problems.join("; ")))),
        (None, problems) => Err(problems.join("; ")),
    }
}

/// The preset of an id that we gave.
fn preset_of(id: &str) -> &str {
    id.split(':').next().unwrap_or_default()
}
