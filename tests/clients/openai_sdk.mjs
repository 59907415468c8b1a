// SPDX-License-Identifier: GPL-3.0-or-later
// openai_sdk.mjs CASE: does one thing with the openai package as a program
// would, and prints what the package made of it as a line of JSON.  What is
// right is decided by tests/e2e/test_openai_sdk.py.
//
// CCP_URL, CCP_KEY: the server.  CCP_BODY: members of the request's body, or
// the steps of a talk.  CCP_OPTIONS: options of the client.  CCP_MODEL: the one
// to retrieve.

import OpenAI from 'openai';
import { talk } from './talk.mjs';

const given = (name) => JSON.parse(process.env[name] ?? '{}');

const client = new OpenAI({
	baseURL: process.env.CCP_URL,
	apiKey: process.env.CCP_KEY,
	maxRetries: 0,
	...given('CCP_OPTIONS'),
});
const body = {
	model: 'haiku',
	messages: [{ role: 'user', content: 'hello' }],
	...given('CCP_BODY'),
};
const completions = client.chat.completions;

const say = (value) => console.log(JSON.stringify(value));

// The client stays, with its connections, until it is told to end: what
// happens before is not for its going.
const told = () => new Promise((done) => {
	process.stdin.on('end', done).resume();
});

async function chunks(stream) {
	const all = [];
	for await (const chunk of stream)
		all.push(chunk);
	return all;
}

// An error of the package: its classes, most special first, and its members.
function shown(error, sofar) {
	const classes = [];
	for (let c = error.constructor; c && c !== Function.prototype;
	    c = Object.getPrototypeOf(c))
		classes.push(c.name);
	return {
		classes,
		known: error instanceof OpenAI.APIError,
		status: error.status ?? null,
		code: error.code ?? null,
		param: error.param ?? null,
		type: error.type ?? null,
		request: error.requestID ?? null,
		retry: error.headers?.get('retry-after') ?? null,
		message: error.message,
		sofar,
	};
}

const cases = {
	async create() {
		return await completions.create(body);
	},

	async create_raw() {
		const { data, response, request_id } =
		    await completions.create(body).withResponse();
		return {
			same: data._request_id === request_id, request_id,
			header: response.headers.get('x-request-id'),
		};
	},

	async at_once() {
		const texts = ['one', 'two', 'three', 'four'];
		const answers = await Promise.all(texts.map((text) =>
		    completions.create({
			...body, messages: [{ role: 'user', content: text }],
		})));
		return answers.map((a) => a.choices[0].message.content);
	},

	async stream() {
		return await chunks(
		    await completions.create({ ...body, stream: true }));
	},

	// Each event of the helper once, and all that it can tell at the end.
	async helper() {
		const stream = completions.stream(body);
		const seen = {};
		for (const name of ['connect', 'chunk', 'content',
		    'content.delta', 'content.done', 'message',
		    'chatCompletion', 'finalContent', 'totalUsage', 'error',
		    'abort', 'end'])
			stream.on(name, () => {
				seen[name] = (seen[name] ?? 0) + 1;
			});
		return {
			content: await stream.finalContent(),
			completion: await stream.finalChatCompletion(),
			usage: await stream.totalUsage(),
			seen,
		};
	},

	async helper_error() {
		const stream = completions.stream(body);
		let text = '';
		stream.on('content', (delta) => { text += delta; });
		try {
			return await stream.finalContent();
		} catch (error) {
			return shown(error, text);
		}
	},

	// Leaves a stream behind its second chunk with text, in the way named.
	async leave_by_break() {
		let n = 0;
		for await (const chunk of await completions.create(
		    { ...body, stream: true }))
			if (chunk.choices[0].delta.content && ++n === 2)
				break;
		return n;
	},

	async leave_by_controller() {
		const stream = await completions.create(
		    { ...body, stream: true });
		let n = 0;
		for await (const chunk of stream)
			if (chunk.choices[0].delta.content && ++n === 2)
				stream.controller.abort();
		return n;
	},

	async leave_by_signal() {
		const controller = new AbortController();
		const stream = await completions.create(
		    { ...body, stream: true }, { signal: controller.signal });
		let n = 0;
		for await (const chunk of stream)
			if (chunk.choices[0].delta.content && ++n === 2)
				controller.abort();
		return n;
	},

	async leave_helper() {
		const stream = completions.stream(body);
		let n = 0;
		stream.on('content', () => {
			if (++n === 2)
				stream.abort();
		});
		try {
			await stream.done();
		} catch (error) {
			return { n, ...shown(error) };
		}
		return n;
	},

	// Is aborted as soon as a line comes on stdin.
	async leave_waiting() {
		const controller = new AbortController();
		process.stdin.once('data', () => controller.abort());
		try {
			return await completions.create(
			    body, { signal: controller.signal });
		} catch (error) {
			return shown(error);
		}
	},

	async error() {
		try {
			return await completions.create(body);
		} catch (error) {
			return shown(error);
		}
	},

	async stream_error() {
		let text = '';
		try {
			for await (const chunk of await completions.create(
			    { ...body, stream: true }))
				text += chunk.choices[0]?.delta.content ?? '';
			return text;
		} catch (error) {
			return shown(error, text);
		}
	},

	async talk() {
		return await talk(completions, body.steps, body.stream);
	},

	async models() {
		const all = [];
		for await (const model of client.models.list())
			all.push(model);
		return all;
	},

	async model() {
		try {
			return await client.models.retrieve(process.env.CCP_MODEL);
		} catch (error) {
			return shown(error);
		}
	},

	// What ccp does not have.
	async embedding() {
		try {
			return await client.embeddings.create(
			    { model: 'x', input: 'y' });
		} catch (error) {
			return shown(error);
		}
	},
};

say(await cases[process.argv[2]]());
await told();
process.exit(0);
