// The changes of a request, one after the other, as functions of this kind are written. They are those that ours made,
// from a file; an Update that changes nothing calls nothing.

import { readFileSync } from 'node:fs'
import * as sdk from '@aws-sdk/client-iam'

const calls = JSON.parse(readFileSync(process.env.CALLS))
const iam = new sdk.IAMClient({})

export async function change(event) {
  const same = JSON.stringify(event.OldResourceProperties) === JSON.stringify(event.ResourceProperties)
  if (event.RequestType === 'Update' && same) return
  for (const { action, parameters } of calls[event.RequestType]) {
    await iam.send(new sdk[`${action}Command`](parameters))
  }
}
