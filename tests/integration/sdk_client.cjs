// Does one thing with an SDK and prints what its user would see as one line of JSON.
'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

const load = createRequire(path.join(process.env.QCC_NODE_MODULES, 'client.cjs'));
const call = JSON.parse(process.argv[2]);

const anthropic = () => {
  const Anthropic = load('@anthropic-ai/sdk').default;
  return new Anthropic({ apiKey: call.apiKey, baseURL: call.baseURL, maxRetries: call.maxRetries ?? 0 });
};

const openai = () => {
  const OpenAI = load('openai').default;
  return new OpenAI({ apiKey: call.apiKey, baseURL: `${call.baseURL}/v1`, maxRetries: call.maxRetries ?? 0 });
};

const weather = {
  name: 'get_weather',
  description: 'Weather of a city',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

const anthropicRequest = () => ({
  model: call.model ?? 'claude-sonnet-4-5',
  max_tokens: 64,
  messages: call.messages ?? [{ role: 'user', content: call.prompt ?? 'Hello' }],
  ...(call.tools ? { tools: [{ name: weather.name, description: weather.description, input_schema: weather.schema }] } : {}),
});

const openaiRequest = () => ({
  model: call.model ?? 'gpt-mock',
  messages: call.messages ?? [{ role: 'user', content: call.prompt ?? 'Hello' }],
  ...(call.tools
    ? { tools: [{ type: 'function', function: { name: weather.name, description: weather.description, parameters: weather.schema } }] }
    : {}),
});

const textOf = (message) => message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');

const actions = {
  async anthropicCreate() {
    const message = await anthropic().messages.create(anthropicRequest());
    return { text: textOf(message), stop: message.stop_reason, content: message.content, usage: message.usage };
  },
  async anthropicBeta() {
    const message = await anthropic().beta.messages.create(anthropicRequest());
    return { text: textOf(message), stop: message.stop_reason };
  },
  async anthropicStream() {
    const stream = anthropic().messages.stream(anthropicRequest());
    let deltas = 0;
    stream.on('text', () => { deltas += 1; });
    const message = await stream.finalMessage();
    return { text: textOf(message), stop: message.stop_reason, deltas, content: message.content };
  },
  async anthropicRawStream() {
    const stream = await anthropic().messages.create({ ...anthropicRequest(), stream: true });
    const seen = [];
    let text = '';
    try {
      for await (const event of stream) {
        seen.push(event.type);
        if (event.type === 'content_block_delta') text += event.delta.text ?? '';
      }
    } catch (error) {
      return { seen, text, thrown: describe(error) };
    }
    return { seen, text };
  },
  async anthropicToolRoundTrip() {
    const request = { ...anthropicRequest(), tools: [{ name: weather.name, description: weather.description, input_schema: weather.schema }] };
    const first = call.stream
      ? await anthropic().messages.stream(request).finalMessage()
      : await anthropic().messages.create(request);
    const use = first.content.find((block) => block.type === 'tool_use');
    const messages = [...request.messages, { role: 'assistant', content: first.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '21 degrees' }] }];
    const second = await anthropic().messages.create({ ...request, messages });
    return { input: use.input, name: use.name, stop: first.stop_reason, text: textOf(second) };
  },
  async anthropicCount() {
    return anthropic().messages.countTokens({ model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'foo' }] });
  },
  async anthropicModels() {
    const names = [];
    for await (const model of anthropic().models.list()) names.push(model.id);
    return { names };
  },
  async openaiCreate() {
    const answer = await openai().chat.completions.create(openaiRequest());
    return { text: answer.choices[0].message.content, finish: answer.choices[0].finish_reason, usage: answer.usage };
  },
  async openaiStream() {
    const stream = await openai().chat.completions.create({ ...openaiRequest(), stream: true, stream_options: { include_usage: true } });
    let text = '';
    let finish = null;
    let usage = null;
    let parts = 0;
    try {
      for await (const part of stream) {
        parts += 1;
        text += part.choices[0]?.delta?.content ?? '';
        finish = part.choices[0]?.finish_reason ?? finish;
        usage = part.usage ?? usage;
      }
    } catch (error) {
      return { text, finish, usage, parts, thrown: describe(error) };
    }
    return { text, finish, usage, parts };
  },
  async openaiToolRoundTrip() {
    const request = { ...openaiRequest(), tools: [{ type: 'function', function: { name: weather.name, parameters: weather.schema } }] };
    const first = (await openai().chat.completions.create(request)).choices[0];
    const use = first.message.tool_calls[0];
    const messages = [...request.messages, first.message, { role: 'tool', tool_call_id: use.id, content: '21 degrees' }];
    const second = await openai().chat.completions.create({ ...request, messages });
    return { input: JSON.parse(use.function.arguments), name: use.function.name, finish: first.finish_reason,
      text: second.choices[0].message.content };
  },
  async openaiResponses() {
    const answer = await openai().responses.create({ model: 'gpt-mock', input: 'Hello' });
    return { text: answer.output_text };
  },
  async openaiModels() {
    const names = [];
    for await (const model of openai().models.list()) names.push(model.id);
    return { names };
  },
};

function describe(error) {
  return { name: error.constructor.name, status: error.status ?? null, type: error.type ?? error.error?.error?.type ?? null,
    message: String(error.message), requestId: error.requestID ?? error.request_id ?? null };
}

actions[call.action]()
  .catch((error) => ({ thrown: describe(error) }))
  .then((result) => { process.stdout.write(JSON.stringify(result)); });
