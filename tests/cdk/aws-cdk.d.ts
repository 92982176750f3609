// What the constructs use of the CDK, with the types of aws-cdk-lib 2.276, which is 200 MB.

declare module "constructs" {
  export class Construct {
    constructor(scope: Construct, id: string);
  }
}

declare module "aws-cdk-lib" {
  import { Construct } from "constructs";

  export interface IResolvable {
    readonly creationStack: string[];
    resolve(context: unknown): any;
    toString(): string;
  }
  export class App extends Construct {
    constructor();
  }
  export class Stack extends Construct {}
  export class Duration {
    private constructor();
    static seconds(amount: number): Duration;
  }
  export class Fn {
    static importValue(sharedValueToImport: string): string;
    static conditionIf(conditionId: string, valueIfTrue: any, valueIfFalse: any): IResolvable;
    static split(delimiter: string, source: string): string[];
  }
  export class CfnOutput extends Construct {
    constructor(scope: Construct, id: string, props: { readonly value: string });
  }
  export class CustomResource extends Construct {
    constructor(
      scope: Construct,
      id: string,
      props: {
        readonly serviceToken: string;
        readonly serviceTimeout?: Duration;
        readonly resourceType?: string;
        readonly properties?: { [key: string]: any };
      },
    );
    getAttString(attributeName: string): string;
  }
}
