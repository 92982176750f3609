// A custom resource on Node and its SDK, without a framework.

import https from 'node:https'
import { change } from './changes.mjs'

function answer(event, status, reason) {
  const body = JSON.stringify({
    Status: status,
    Reason: reason,
    PhysicalResourceId: event.PhysicalResourceId ?? 'peer',
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  })
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = https.request(event.ResponseURL, { method: 'PUT', headers }, (response) => {
      response.resume()
      response.on('end', resolve)
    })
    request.on('error', reject)
    request.end(body)
  })
}

export async function handler(event) {
  try {
    await change(event)
  } catch (error) {
    return answer(event, 'FAILED', String(error))
  }
  return answer(event, 'SUCCESS', '')
}
