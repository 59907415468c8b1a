// SPDX-License-Identifier: GPL-3.0-or-later
// A web page's script, bundled with the openai package: asks the server that
// stands in the page's query, and reports what came of it to the server that
// the page is from.

import OpenAI from 'openai';
import { talk } from './talk.mjs';

const query = new URLSearchParams(location.search);
const api = query.get('api') ?? location.origin;
const report = { origin: location.origin, deltas: [] };

async function ask() {
	const client = new OpenAI({
		baseURL: `${api}/v1`,
		apiKey: query.get('key'),
		dangerouslyAllowBrowser: true,
		maxRetries: 0,
	});
	if (query.has('talk')) {
		const [directory, steps] = JSON.parse(query.get('talk'));
		report.answers = await talk(
		    directory ? client.withOptions({ defaultHeaders: {
			    'X-CCP-Working-Dir': directory,
		    } }).chat.completions : client.chat.completions,
		    steps, true);
		return;
	}
	const { data: stream, request_id } =
	    await client.chat.completions.create({
		model: 'haiku',
		messages: [{ role: 'user', content: 'hello' }],
		stream: true,
	}).withResponse();
	report.request = request_id;
	for await (const chunk of stream)
		report.deltas.push(chunk.choices[0]?.delta.content ?? '');
	const models = await client.models.list();
	report.models = models.data.map((model) => model.id);
}

// What a page can do to any server, allowed or not: the answer it never sees.
async function blind() {
	const answer = await fetch(`${api}/v1/chat/completions`, {
		method: 'POST',
		mode: 'no-cors',
		body: JSON.stringify({
			messages: [{ role: 'user', content: 'hello' }],
		}),
	});
	report.seen = [answer.type, answer.status, await answer.text()];
}

try {
	await (query.has('blind') ? blind() : ask());
} catch (error) {
	report.error = {
		kind: error.constructor.name,
		sdk: error instanceof OpenAI.APIError,
		status: error.status ?? null,
		code: error.code ?? null,
		request: error.requestID ?? null,
	};
}
await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
