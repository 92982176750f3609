// What stands in for AWS in the benchmark, as one process with exact delays: IAM and Lambda's Invoke over TLS, the
// address of answers over TLS, and a Runtime API for each function. Commands come as lines of JSON on standard input,
// each is answered by a line with its `id`; what happens is told by lines with a `note`. It stops at the end of its input.

import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { Iam, error, isWrite } from './iam.mjs'

const now = () => Number(process.hrtime.bigint()) / 1e6
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')

// --- time ---

// Node's timers are late by up to a millisecond: the last one is spent looking at the clock.
function at(moment, run) {
  const left = moment - now()
  if (left <= 0) run()
  else if (left > 2) setTimeout(() => at(moment, run), Math.floor(left) - 1)
  else setImmediate(() => at(moment, run))
}

// --- what is measured and set ---

let iam = new Iam()
let conditions = { delay: 0, rate: 0, capacity: 0 }
let bucket = { tokens: 0, filled: 0 }
let counts

function reset(wanted) {
  if (wanted.state !== 'keep') iam = new Iam()
  conditions = { delay: 0, rate: 0, capacity: 0, ...wanted }
  bucket = { tokens: conditions.capacity, filled: now() }
  counts = { calls: {}, refused: 0, now: 0, most: 0, connections: 0, writes: [], of: {} }
}

function passesTheBucket() {
  if (!conditions.rate) return true
  const moment = now()
  bucket.tokens = Math.min(conditions.capacity, bucket.tokens + ((moment - bucket.filled) / 1000) * conditions.rate)
  bucket.filled = moment
  if (bucket.tokens < 1) return false
  bucket.tokens -= 1
  return true
}

// --- AWS's endpoint ---

function aws(request, response) {
  const arrived = now()
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString()
    const send = (status, type, text) => {
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) })
      response.end(text)
    }
    const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.url)
    if (invoked) return invoke(decodeURIComponent(invoked[1]), body, arrived, send)
    const parameters = Object.fromEntries(new URLSearchParams(body))
    const action = parameters.Action
    counts.now += 1
    counts.most = Math.max(counts.most, counts.now)
    const { status, body: text } = call(action, parameters, who(request))
    at(arrived + conditions.delay, () => {
      counts.now -= 1
      send(status, 'text/xml', text)
    })
  })
}

/** The access key that signed the call: each function has one of its own. */
const who = (request) => /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? ''

function call(action, parameters, key) {
  const own = (counts.of[key] ??= { accepted: 0, refused: 0, reads: 0 })
  if (isWrite(action) && !passesTheBucket()) {
    counts.refused += 1
    own.refused += 1
    return { status: 400, body: error('Throttling', 'Rate exceeded') }
  }
  own[isWrite(action) ? 'accepted' : 'reads'] += 1
  counts.calls[action] = (counts.calls[action] ?? 0) + 1
  const answer = action === 'DescribeStackEvents' ? events(parameters.StackName) : iam.answer(action, parameters)
  if (isWrite(action) && answer.status === 200) counts.writes.push(parameters)
  if (answer.body.includes('<Code>InvalidAction<')) say({ note: 'refused', action, reply: answer.body })
  return answer
}

// CloudFormation's newest event of a stack: that of the last request, which it tells of before it sends it.
function events(stack) {
  const sent = requests.get(stack)
  const event = sent && `<member><EventId>0</EventId><StackId>${stack}</StackId><StackName>bench</StackName>\
<LogicalResourceId>${sent.LogicalResourceId}</LogicalResourceId><PhysicalResourceId>${sent.PhysicalResourceId ?? ''}</PhysicalResourceId>\
<ResourceType>${sent.ResourceType}</ResourceType><Timestamp>${sent.at}</Timestamp>\
<ResourceStatus>${sent.RequestType.toUpperCase()}_IN_PROGRESS</ResourceStatus></member>`
  const body = `<DescribeStackEventsResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">\
<DescribeStackEventsResult><StackEvents>${event ?? ''}</StackEvents></DescribeStackEventsResult>\
<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></DescribeStackEventsResponse>`
  return { status: 200, body }
}

const requests = new Map()

/** CloudFormation tells of a request when it signs the address of the answer, however long Lambda keeps the request. */
function issued(url) {
  const [, year, month, day, hour, minute, second] = /X-Amz-Date=(....)(..)(..)T(..)(..)(..)Z/.exec(url)
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}

// Lambda takes the delay of a call, and then runs the function.
function invoke(name, payload, arrived, send) {
  counts.calls.Invoke = (counts.calls.Invoke ?? 0) + 1
  const done = (result) => send(200, 'application/json', result)
  at(arrived + conditions.delay, () => {
    pending.set(name, done)
    say({ note: 'invoke', function: name, event: JSON.parse(payload) })
  })
}

const pending = new Map()

// --- where answers go ---

function answers(request, response) {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const arrived = now()
    const body = Buffer.concat(chunks)
    const length = request.headers['content-length']
    const wrong = []
    if (request.method !== 'PUT') wrong.push(`the method is ${request.method}`)
    if (request.headers['content-type']) wrong.push(`the content type is ${request.headers['content-type']}`)
    if (request.headers['transfer-encoding'] || Number(length) !== body.length) wrong.push('the length is not said')
    if (body.length > 4096) wrong.push(`the answer has ${body.length} bytes`)
    at(arrived + conditions.delay, () => {
      response.writeHead(200, { 'Content-Length': 0 })
      response.end()
    })
    say({ note: 'answer', at: arrived, answer: JSON.parse(body), wrong })
  })
}

// --- the Runtime API ---

const runtimes = new Map()

function runtime(name) {
  const state = { waiting: null }
  const server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      if (request.url.endsWith('/invocation/next')) {
        state.waiting = response
        say({ note: 'next', function: name, at: now() })
        return
      }
      response.writeHead(202, { 'Content-Length': 0 })
      response.end()
      const done = pending.get(name)
      pending.delete(name)
      if (done && request.url.endsWith('/response')) done(text)
      else if (!request.url.endsWith('/response')) say({ note: 'error', function: name, error: text.slice(0, 2000) })
    })
  })
  server.keepAliveTimeout = 0
  runtimes.set(name, { server, state })
  return new Promise((listening) => server.listen(0, '127.0.0.1', () => listening({ port: server.address().port })))
}

function send({ function: name, event, arn, seconds }) {
  const { state } = runtimes.get(name)
  requests.set(event.StackId, { ...event, at: issued(event.ResponseURL) })
  const text = JSON.stringify(event)
  state.waiting.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Lambda-Runtime-Aws-Request-Id': event.RequestId,
    'Lambda-Runtime-Deadline-Ms': String(Date.now() + seconds * 1000),
    'Lambda-Runtime-Invoked-Function-Arn': arn,
  })
  state.waiting.end(text)
  return { at: now() }
}

function close(name) {
  const { server } = runtimes.get(name)
  runtimes.delete(name)
  server.close()
  server.closeAllConnections()
  return {}
}

// --- distance ---

// Bytes take half a round trip. On a new connection the client's first bytes wait for one whole, as they would for
// the server's part of TCP's handshake.
function distant(port) {
  const server = net.createServer({ noDelay: true }, (near) => {
    const opened = now()
    const far = net.connect({ port, host: '127.0.0.1', noDelay: true })
    const half = conditions.roundTrip / 2
    const carry = (from, to, earliest) => {
      const queue = []
      const next = () => at(queue[0].moment, () => {
        queue.shift().run()
        if (queue.length) next()
      })
      const later = (run) => {
        queue.push({ moment: Math.max(now(), earliest) + half, run })
        if (queue.length === 1) next()
      }
      from.on('data', (bytes) => later(() => to.writable && to.write(bytes)))
      from.on('close', () => later(() => to.destroy()))
      from.on('error', () => {})
    }
    carry(near, far, opened + 2 * half)
    carry(far, near, 0)
  })
  return new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(server.address().port)))
}

// --- start ---

const [, , key, chain] = process.argv
const tls = { key: readFileSync(key), cert: readFileSync(chain) }

async function serving(handler, connected) {
  const server = https.createServer(tls, handler)
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  server.on('secureConnection', connected)
  server.on('tlsClientError', (problem) => say({ note: 'tls', problem: problem.message }))
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return server.address().port
}

reset({})
const ports = { aws: await serving(aws, () => (counts.connections += 1)), answers: await serving(answers, () => {}) }
ports.distantAws = await distant(ports.aws)
ports.distantAnswers = await distant(ports.answers)

const commands = {
  reset: (wanted) => (reset(wanted), {}),
  counts: () => counts,
  now: () => ({ at: now() }),
  runtime: ({ function: name }) => runtime(name),
  close: ({ function: name }) => close(name),
  iam: ({ calls }) => (calls.forEach((parameters) => iam.answer(parameters.Action, parameters)), {}),
  send,
}

say({ note: 'ready', ports })
for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...rest } = JSON.parse(line)
  try {
    say({ id, ...(await commands[command](rest)) })
  } catch (problem) {
    say({ id, failed: String(problem.stack) })
  }
}
process.exit()
