// The function behind the CDK's provider framework.

import { change } from './changes.mjs'

export async function handler(event) {
  await change(event)
  return { PhysicalResourceId: event.PhysicalResourceId ?? 'peer' }
}
