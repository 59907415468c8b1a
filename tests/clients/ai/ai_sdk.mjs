// SPDX-License-Identifier: GPL-3.0-or-later
// ai_sdk.mjs CASE PROMPT: asks with the AI SDK, through its provider for
// servers that are compatible with OpenAI's, as a program would that has tools
// to read and write files in its directory.  Prints a line of JSON: the text,
// or the object.
//
// CCP_URL, CCP_KEY: the server.  CCP_OPTIONS: options of the provider.

import { generateObject, generateText, jsonSchema, Output, stepCountIs,
    streamObject, streamText, tool } from 'ai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { readFile, writeFile } from 'node:fs/promises';

const [kind, prompt] = process.argv.slice(2);
const provider = createOpenAICompatible({
	name: 'ccp',
	baseURL: process.env.CCP_URL,
	apiKey: process.env.CCP_KEY,
	includeUsage: true,
	...JSON.parse(process.env.CCP_OPTIONS ?? '{}'),
});

const schemaOf = (...names) => jsonSchema({
	type: 'object',
	properties: Object.fromEntries(names.map((n) => [n, { type: 'string' }])),
	required: names,
	additionalProperties: false,
});

const tools = {
	read_file: tool({
		description: 'Reads a text file.',
		inputSchema: schemaOf('path'),
		execute: ({ path }) => readFile(path, 'utf8'),
	}),
	write_file: tool({
		description: 'Writes a text file.',
		inputSchema: schemaOf('path', 'text'),
		execute: async ({ path, text }) => {
			await writeFile(path, text);
			return { written: text.length };
		},
	}),
};

const asked = {
	model: provider('haiku'),
	prompt,
	maxRetries: 0,
};
const withTools = { ...asked, tools, stopWhen: stepCountIs(5) };
const withSchema = { ...asked, schema: schemaOf('word') };
const onError = ({ error }) => {
	console.error(error);
	process.exitCode = 1;
};

const cases = {
	async generateText() {
		const { text, finishReason, usage } = await generateText(withTools);
		return { text, finishReason, usage };
	},

	async streamText() {
		const result = streamText({ ...withTools, onError });
		let text = '';
		for await (const delta of result.textStream)
			text += delta;
		return {
			text,
			finishReason: await result.finishReason,
			usage: await result.usage,
		};
	},

	// Tools and a schema at once
	async output() {
		const { output } = await generateText({
			...withTools, output: Output.object(withSchema),
		});
		return { object: output };
	},

	async generateObject() {
		return { object: (await generateObject(withSchema)).object };
	},

	async streamObject() {
		const { partialObjectStream, object } =
		    streamObject({ ...withSchema, onError });
		let parts = 0;
		for await (const _ of partialObjectStream)
			parts++;
		return { object: await object, parts };
	},
};

console.log(JSON.stringify(await cases[kind]()));
