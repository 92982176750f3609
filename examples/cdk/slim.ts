// A preset from the CDK. Copy account-presets.ts beside it. The provider is deployed first, in the same account and Region.

import { App, CfnOutput, Stack } from "aws-cdk-lib";
import { Slim } from "./account-presets";

const stack = new Stack(new App(), "slim");
const slim = new Slim(stack, "Slim", {
  Parameters: { UserNames: ["alice", "bob"] },
  Tags: [{ Key: "team", Value: "imaging" }],
});
new CfnOutput(stack, "LambdaRoleArn", { value: slim.LambdaRoleArn });
