//! The arguments of the program, as clap reads them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Shows account-presets' objects, and the changes that they would make in an account. It never
/// changes anything.
///
/// Exit codes: 0 nothing to do, 1 an error, 2 differences.
#[derive(Debug, Parser)]
#[command(name = "account-presets", version, arg_required_else_help = true)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// The account to read, where one is read.
    #[command(flatten)]
    pub aws: Aws,
    /// The form of the output.
    #[arg(long, global = true, value_enum, default_value_t = Form::Text)]
    pub output: Form,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    Text,
    /// For programs; a field may be added, none is taken away.
    Json,
}

/// The account to read, where one is read: profiles, SSO and variables as the AWS CLI has them.
#[derive(Clone, Debug, Default, Args)]
pub struct Aws {
    /// A profile of the AWS configuration, instead of AWS_PROFILE.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The Region, instead of AWS_REGION.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
}

/// The command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The presets, and which editions amount to administrator's rights
    List,
    /// A preset: its parameters, its objects, and its differences from the vendor's page
    Show(Show),
    /// A preset's objects, as IAM's documents, CloudFormation or Terraform
    Render(Render),
    /// The plan of a Create in this account, or of the next Update or Delete of a stack
    Plan(Plan),
    /// The difference from one edition or set of parameters to another
    Diff(Diff),
    /// The drift of stacks' objects, in the form of the provider's own audit
    Audit(Audit),
    /// Whether a preset's grants are effective for its roles and users, in IAM's own judgement
    Verify(Verify),
    /// The mistakes in presets of one's own, and their paths to administrator
    Lint {
        /// YAML files in the grammar of shared/presets, or folders of them.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// What follows from presets of one's own: the template, pages, examples, golden files, schemas
    Bless(Bless),
    /// The least that deploying takes, as a policy of IAM
    DeployerPolicy(Deployer),
    /// A JSON Schema of a resource's properties, for editors
    Schema {
        /// The resource.
        #[arg(value_enum, default_value_t = Custom::IamPreset)]
        resource: Custom,
        /// The names of the attributes for Fn::GetAtt instead, of all resources and presets
        #[arg(long, conflicts_with = "resource")]
        attributes: bool,
    },
    /// Completions of a shell
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// A manual page
    #[command(hide = true)]
    Man,
}

/// Arguments of `bless`.
#[derive(Debug, Args)]
pub struct Bless {
    /// The folder with the presets, as YAML files in the grammar of shared/presets.
    #[arg(long, value_name = "FOLDER")]
    pub presets: PathBuf,
    /// The folder to write into.
    #[arg(long, value_name = "FOLDER")]
    pub into: PathBuf,
}

/// A type of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Custom {
    /// A preset in an account.
    #[value(name = "Custom::IamPreset")]
    IamPreset,
    /// Concurrent executions of Lambda.
    #[value(name = "Custom::LambdaConcurrency")]
    LambdaConcurrency,
    /// An organization's quota request template.
    #[value(name = "Custom::QuotaTemplate")]
    QuotaTemplate,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The preset.
    pub preset: String,
    /// One edition; all without it.
    #[arg(long)]
    pub edition: Option<String>,
}

/// The properties of a resource `Custom::IamPreset`, beside its preset.
#[derive(Clone, Debug, Default, Args)]
pub struct Given {
    /// The edition; by default the preset's first.
    #[arg(long)]
    pub edition: Option<String>,
    /// A parameter of the preset, as Name=Value; of a list the values are separated by commas.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// The Path of all roles, policies, groups and instance profiles.
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// The PermissionsBoundary of all roles.
    #[arg(long, value_name = "ARN")]
    pub permissions_boundary: Option<String>,
    /// A tag of all that can have some, as Key=Value.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,
    /// The MaxSessionDuration of all roles, in seconds.
    #[arg(long, value_name = "SECONDS")]
    pub max_session_duration: Option<i64>,
}

/// The account and the names that a rendering is for.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// The account's id.
    #[arg(long, value_name = "DIGITS")]
    pub account: Option<String>,
    /// The partition.
    #[arg(long, default_value = "aws")]
    pub partition: String,
    /// The prefix of the provider's own functions and roles, which documents deny.
    #[arg(long, value_name = "NAME", default_value = account_presets::preset::PROVIDER)]
    pub provider_name: String,
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct Render {
    /// The preset.
    pub preset: String,
    /// Its properties.
    #[command(flatten)]
    pub given: Given,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The language to write.
    #[arg(long, value_enum, default_value_t = Language::Policies)]
    pub format: Language,
    /// For existing objects that are to be taken over. CloudFormation: writes the resources to
    /// import into FILE and leaves out those that cannot be imported. Terraform: adds import
    /// blocks.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "resources-to-import.json")]
    pub import: Option<PathBuf>,
}

/// A language for the desired objects in IAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Each document by itself, in IAM's grammar.
    Policies,
    /// A template of plain resources of CloudFormation.
    Cloudformation,
    /// Terraform's JSON, for a file `….tf.json`.
    Terraform,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// The preset of which a Create is planned.
    #[arg(conflicts_with = "stack")]
    pub preset: Option<String>,
    /// Its properties.
    #[command(flatten)]
    pub given: Given,
    /// The properties that only an account knows.
    #[command(flatten)]
    pub consent: Consent,
    /// The name of the stack that is to be created; by default the preset's.
    #[arg(long, value_name = "NAME", conflicts_with = "stack")]
    pub stack_name: Option<String>,
    /// The resource's name in the template; needed where a stack has several.
    #[arg(long, value_name = "ID")]
    pub logical_id: Option<String>,
    /// A stack that is there: its next Update by this release, with the properties that it has.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["edition", "parameters", "path", "permissions_boundary", "tags", "max_session_duration"])]
    pub stack: Option<String>,
    /// The Delete of that stack's resource instead.
    #[arg(long, requires = "stack")]
    pub delete: bool,
    /// The provider with the settings that hold.
    #[command(flatten)]
    pub provider: Provider,
}

/// The properties that matter only where there is an account.
#[derive(Clone, Debug, Default, Args)]
pub struct Consent {
    /// AcknowledgeAdminEquivalent
    #[arg(long, conflicts_with = "stack")]
    pub acknowledge_admin_equivalent: bool,
    /// AdoptExisting
    #[arg(long, conflicts_with = "stack")]
    pub adopt_existing: bool,
    /// OnForeignAttachment: Keep, Detach or Fail
    #[arg(long, value_name = "WORD", conflicts_with = "stack")]
    pub on_foreign_attachment: Option<String>,
}

/// The provider with its operator's settings.
#[derive(Clone, Debug, Default, Args)]
pub struct Provider {
    /// The ProviderName of the provider in this account and Region. The settings in its function's
    /// variables hold here, too.
    #[arg(long, value_name = "NAME", default_value = account_presets::preset::PROVIDER)]
    pub provider_name: String,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The preset.
    pub preset: String,
    /// The first side, as edition=current; by default the preset's first edition.
    #[arg(long, value_name = "edition=EDITION")]
    pub from: Option<String>,
    /// The second side.
    #[arg(long, value_name = "edition=EDITION")]
    pub to: Option<String>,
    /// A parameter on both sides, as Name=Value.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// A parameter of the first side.
    #[arg(long = "from-param", value_name = "NAME=VALUE")]
    pub from_parameters: Vec<String>,
    /// A parameter of the second side.
    #[arg(long = "to-param", value_name = "NAME=VALUE")]
    pub to_parameters: Vec<String>,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// One stack, by its name; all of the account and Region without it.
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// The provider with the settings that hold.
    #[command(flatten)]
    pub provider: Provider,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The stack with the resource to verify.
    #[arg(long, value_name = "NAME")]
    pub stack: String,
    /// The resource's name in the template; needed where a stack has several.
    #[arg(long, value_name = "ID")]
    pub logical_id: Option<String>,
    /// The provider with the settings that hold.
    #[command(flatten)]
    pub provider: Provider,
}

/// Arguments of `deployer-policy`.
#[derive(Debug, Args)]
pub struct Deployer {
    /// The principal that deploys.
    #[arg(value_enum, default_value_t = Deploys::Consumer)]
    pub who: Deploys,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The names of the stacks, with IAM's wildcards.
    #[arg(long, value_name = "PATTERN")]
    pub stack_name: Option<String>,
}

/// The principal that deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deploys {
    /// A stack with a resource that the provider serves.
    Consumer,
    /// The provider: template.yaml.
    Provider,
}
