// The framework answers to the host of the address alone, for CloudFormation's has no port. Ours has one.

const https = require('node:https')

const request = https.request
https.request = (options, ...more) =>
  request(options.method === 'PUT' ? { ...options, port: process.env.ANSWER_PORT } : options, ...more)
