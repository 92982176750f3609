#!/usr/bin/env bash
# A stack set by hand, in the management account. What it does not do, and organization.yaml does: the sweep, the bus, the
# topic and the alarms. Preferences are those of each command: the ones below are no part of the stack set.
#
#   examples/organization/stack-set.sh ou-ab12-research1 <CodeBucketPrefix> <TemplateUrl>
set -euo pipefail
unit=$1 prefix=$2 template=$3

aws cloudformation create-stack-set --stack-set-name account-presets \
    --template-url "$template" \
    --permission-model SERVICE_MANAGED \
    --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false \
    --managed-execution Active=true \
    --capabilities CAPABILITY_NAMED_IAM \
    --parameters \
        ParameterKey=HomeRegion,ParameterValue=us-east-1 \
        ParameterKey=CodeBucketPrefix,ParameterValue="$prefix" \
        ParameterKey=Slim,ParameterValue=hardened \
        ParameterKey=Concurrency,ParameterValue=1000

aws cloudformation create-stack-instances --stack-set-name account-presets \
    --deployment-targets OrganizationalUnitIds="$unit" \
    --regions us-east-1 eu-west-1 \
    --operation-preferences \
        RegionConcurrencyType=PARALLEL,FailureTolerancePercentage=100,MaxConcurrentPercentage=15,ConcurrencyMode=SOFT_FAILURE_TOLERANCE
