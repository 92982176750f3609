// The least that is a Node runtime of Lambda: `node bootstrap.mjs ./file.mjs[#export]`.

import http from 'node:http'

const [file, name = 'handler'] = process.argv[2].split('#')
const loaded = await import(new URL(file, import.meta.url))
const handler = loaded[name] ?? loaded.default[name]

const agent = new http.Agent({ keepAlive: true })
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host, port, method, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

for (;;) {
  const { headers, text } = await call('GET', 'invocation/next')
  const id = headers['lambda-runtime-aws-request-id']
  const context = { getRemainingTimeInMillis: () => headers['lambda-runtime-deadline-ms'] - Date.now() }
  try {
    const result = await handler(JSON.parse(text), context)
    await call('POST', `invocation/${id}/response`, JSON.stringify(result ?? null))
  } catch (error) {
    await call('POST', `invocation/${id}/error`, JSON.stringify({ errorMessage: String(error.stack) }))
  }
}
