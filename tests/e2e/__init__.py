"""The whole loop on this machine: CloudFormation, the compiled function and IAM, in an emulated account."""
