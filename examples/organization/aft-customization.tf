# Account Factory for Terraform (AFT): a file of aft-global-customizations/terraform, or of an account's own.
#
# It makes one stack in the account that AFT is at work on, in each Region that has a provider. What it does not do, and
# organization.yaml does:
# - An account whose pipeline fails, or that fails before it has one, is left without until somebody invokes the
#   customizations again. A new version takes a run for every account.
# - Moving an account changes nothing. What an account gets is what its customizations say.
# - `terraform destroy` has to run before an account leaves.
# AFT's execution role is an administrator of the account.

locals {
  # As make publish has printed them.
  template_url       = "https://acme-account-presets-us-east-1.s3.us-east-1.amazonaws.com/account-presets/0.1.0/stackset-….json"
  code_bucket_prefix = "acme-account-presets"

  parameters = {
    HomeRegion       = "us-east-1"
    CodeBucketPrefix = local.code_bucket_prefix
    Slim             = "hardened"
    Concurrency      = "1000"
  }
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

provider "aws" {
  alias  = "eu_west_1"
  region = "eu-west-1"
}

resource "aws_cloudformation_stack" "home" {
  provider     = aws.us_east_1
  name         = "account-presets-org"
  template_url = local.template_url
  capabilities = ["CAPABILITY_NAMED_IAM"]
  parameters   = local.parameters
}

resource "aws_cloudformation_stack" "eu_west_1" {
  provider     = aws.eu_west_1
  name         = "account-presets-org"
  template_url = local.template_url
  capabilities = ["CAPABILITY_NAMED_IAM"]
  parameters   = local.parameters
}
