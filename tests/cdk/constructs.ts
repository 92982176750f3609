// What the compiler takes of somebody who uses the constructs. It says so where a mistake is none.

import { App, Fn, Stack } from "aws-cdk-lib";
import { LambdaConcurrency, Lithops, QuotaTemplate, Slim, Zappa } from "../../examples/cdk/account-presets";

const stack = new Stack(new App(), "it");
const either = Fn.conditionIf("IsLarge", true, false);

new Slim(stack, "A");
new Slim(stack, "B", { serviceToken: "arn", serviceTimeout: 60, Path: "/team/", MaxSessionDuration: 7200 });
new Zappa(stack, "C", {
  Edition: "current",
  AcknowledgeAdminEquivalent: either,
  Parameters: { Deployments: ["tr-a"], ManageRoles: either, UserNames: Fn.split(",", "a,b") },
  WaitForPropagation: 60,
});
const text: string = new Lithops(stack, "D", { Tags: [{ Key: "a", Value: "b" }] }).ExecutionRoleArn;
new LambdaConcurrency(stack, "E", { DesiredConcurrency: 1000, OnPending: "Fail" });
new Slim(stack, "F", { UpdateToken: text });
new QuotaTemplate(stack, "Q", { ConcurrentExecutions: 1000, Regions: ["us-east-1"] });

// @ts-expect-error a property that there is not
new Slim(stack, "G", { Editoin: "current" });
// @ts-expect-error an edition that there is not
new Slim(stack, "H", { Edition: "latest" });
// @ts-expect-error a parameter of another preset
new Slim(stack, "I", { Parameters: { Deployments: ["tr-a"] } });
// @ts-expect-error a text for a list
new Slim(stack, "J", { Parameters: { UserNames: "ana" } });
// @ts-expect-error a word for a boolean
new Slim(stack, "K", { Parameters: { InstanceProfile: "yes" } });
// @ts-expect-error a tag without a value
new Slim(stack, "L", { Tags: [{ Key: "a" }] });
// @ts-expect-error no concurrency
new LambdaConcurrency(stack, "M", {});
// @ts-expect-error an attribute of another preset
new Slim(stack, "N").GroupArn;
