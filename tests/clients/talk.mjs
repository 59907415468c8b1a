// SPDX-License-Identifier: GPL-3.0-or-later
// A conversation as a page in a browser leads it: all of it is kept, and sent
// each time.  Steps are ["say", text], ["regenerate"] for the last answer, and
// ["edit", n, text], which says something else in place of the user's message
// of that number (from 0) and forgets what came after it.

async function answer(completions, messages, stream) {
	if (!stream) {
		const { choices, usage } = await completions.create({
			model: 'haiku', messages,
		});
		return {
			text: choices[0].message.content,
			finish: choices[0].finish_reason,
			tokens: usage.total_tokens,
		};
	}
	const all = { text: '' };
	for await (const { choices, usage } of await completions.create({
		model: 'haiku', messages, stream: true,
	})) {
		all.text += choices[0].delta.content ?? '';
		all.finish ??= choices[0].finish_reason;
		all.tokens ??= usage?.total_tokens;
	}
	return all;
}

export async function talk(completions, steps, stream) {
	const messages = [], answers = [];
	for (const [what, ...more] of steps) {
		if (what === 'regenerate')
			messages.pop();
		if (what === 'edit') {
			const user = messages.filter((m) => m.role === 'user');
			messages.splice(messages.indexOf(user[more.shift()]));
		}
		if (what !== 'regenerate')
			messages.push({ role: 'user', content: more[0] });
		const got = await answer(completions, messages, stream);
		messages.push({ role: 'assistant', content: got.text });
		answers.push(got);
	}
	return answers;
}
