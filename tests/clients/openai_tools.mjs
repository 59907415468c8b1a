// SPDX-License-Identifier: GPL-3.0-or-later
// openai_tools.mjs CASE PROMPT: asks with the openai package's runTools as a
// program would that has tools to read and write files in its directory.
// Prints a line of JSON: the text.
//
// CCP_URL, CCP_KEY: the server.

import OpenAI from 'openai';
import { readFile, writeFile } from 'node:fs/promises';

const [kind, prompt] = process.argv.slice(2);
const { completions } = new OpenAI({
	baseURL: process.env.CCP_URL,
	apiKey: process.env.CCP_KEY,
	maxRetries: 0,
}).chat;

const aTool = (name, description, parameters, run) => ({
	type: 'function',
	function: {
		name, description,
		parameters: {
			type: 'object',
			properties: Object.fromEntries(
			    parameters.map((p) => [p, { type: 'string' }])),
			required: parameters,
		},
		parse: JSON.parse,
		function: run,
	},
});

const body = {
	model: 'haiku',
	messages: [
		{ role: 'developer', content: 'You have a directory of files.' },
		{ role: 'user', content: prompt },
	],
	tools: [
		aTool('read_file', 'Reads a text file.', ['path'],
		    ({ path }) => readFile(path, 'utf8')),
		aTool('write_file', 'Writes a text file.', ['path', 'text'],
		    async ({ path, text }) => {
			await writeFile(path, text);
			return { written: text.length };
		}),
	],
};

const cases = {
	runTools: () => completions.runTools(body),

	streamed: () => completions.runTools({
		...body, stream: true, stream_options: { include_usage: true },
	}),
};

const runner = cases[kind]();
const text = await runner.finalContent();
console.log(JSON.stringify({
	text,
	messages: runner.messages.map((m) => m.role),
	usage: await runner.totalUsage(),
}));
