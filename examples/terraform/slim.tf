# A preset from Terraform: a stack of ../slim.yaml, whose outputs are attributes. The provider is deployed first, by
# template.yaml, in the same account and Region. Any other example works in the same way.
#
# `terraform plan` shows the stack's parameters, and not the preset's objects: `account-presets plan` shows those.
# A stack that fails rolls back by itself, and Terraform's error has the reason of the refusal.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "user_names" {
  description = "Existing users who work with SLIM."
  type        = list(string)
  default     = []
}

resource "aws_cloudformation_stack" "slim" {
  name          = "slim"
  template_body = file("${path.module}/../slim.yaml")

  parameters = {
    Edition      = "hardened"
    UserNames    = join(",", var.user_names)
    UserPassRole = "true"
  }
}

output "batch_service_role_arn" {
  value = aws_cloudformation_stack.slim.outputs["BatchServiceRoleArn"]
}

output "lambda_role_arn" {
  value = aws_cloudformation_stack.slim.outputs["LambdaRoleArn"]
}

output "admin_equivalent" {
  value = aws_cloudformation_stack.slim.outputs["AdminEquivalent"]
}
