// SPDX-License-Identifier: GPL-3.0-or-later
// What a page can try against a server on the machine that it is shown on.
// The query's "api" is a list of the names by which it may be reached.  What
// came of each try is reported to the server that the page is from: nothing
// that is read may come of it.

const query = new URLSearchParams(location.search);
const chat = '/v1/chat/completions';
const body = JSON.stringify({
	messages: [{ role: 'user', content: 'hello' }],
});
const key = { Authorization: `Bearer ${query.get('key')}` };
const plain = { 'Content-Type': 'text/plain' };
const json = { 'Content-Type': 'application/json' };
const SECONDS = 8;

const tries = [];

// A try that tells what was seen, or fails, or is given up.
function attempt(name, run) {
	const late = new Promise((done) =>
		setTimeout(() => done('silence'), SECONDS * 1000));
	const seen = Promise.race([run(), late]).catch(
		(error) => `failed: ${error.name}`);
	tries.push(seen.then((what) => [name, String(what)]));
}

async function seen(answer) {
	const text = await answer.text();
	return answer.type === 'opaque' ? 'opaque'
		: `read ${answer.status} ${text.slice(0, 200)}`;
}

function element(tag, members) {
	return new Promise((done) => {
		const made = document.createElement(tag);
		made.onload = () => done('loaded');
		made.onerror = () => done('failed');
		Object.assign(made, members);
		document.body.append(made);
	});
}

// A form into a frame of its own; whatever it shows, nobody can read it.
function form(members, fields) {
	return new Promise((done) => {
		const frame = document.createElement('iframe');
		const made = document.createElement('form');
		frame.name = `frame${document.forms.length}`;
		Object.assign(made, { method: 'post', target: frame.name },
			members);
		for (const [name, value] of fields) {
			const input = document.createElement('input');
			Object.assign(input, { name, value });
			made.append(input);
		}
		document.body.append(frame, made);
		frame.onload = () => {
			try {
				const text = frame.contentDocument?.body.innerText;
				if (text)
					done(`read ${text}`);
				else if (frame.contentDocument === null)
					done('unseen');
			} catch (error) {
				done(`failed: ${error.name}`);
			}
		};
		made.submit();
	});
}

// In an origin that is none ("null"): what it says is a message.
function opaque(source, script) {
	return new Promise((done) => {
		const name = `m${Math.random()}`;
		const html = `<script>
			const say = (text) => parent.postMessage(
				[${JSON.stringify(name)}, String(text)], '*');
			(async () => { ${script} })().then(say,
				(error) => say('failed: ' + error.name));
			</` + 'script>';
		addEventListener('message', ({ data }) => {
			if (data[0] === name)
				done(data[1]);
		});
		const frame = document.createElement('iframe');
		if (source === 'sandbox') {
			frame.sandbox = 'allow-scripts allow-forms';
			frame.srcdoc = html;
		} else {
			frame.src = `data:text/html,${encodeURIComponent(html)}`;
		}
		document.body.append(frame);
	});
}

function fetches(api) {
	const to = api + chat;
	const post = (more) => async () =>
		seen(await fetch(to, { method: 'POST', body, ...more }));
	const data = new FormData();

	data.append('messages', body);
	attempt(`${api} fetch blind`, post({ mode: 'no-cors' }));
	attempt(`${api} fetch blind text`,
		post({ mode: 'no-cors', headers: plain }));
	attempt(`${api} fetch blind json`,
		post({ mode: 'no-cors', headers: json }));
	attempt(`${api} fetch blind form`, post({ mode: 'no-cors',
		body: new URLSearchParams({ messages: body }) }));
	attempt(`${api} fetch blind multipart`,
		post({ mode: 'no-cors', body: data }));
	attempt(`${api} fetch blind blob`,
		post({ mode: 'no-cors', body: new Blob([body]) }));
	attempt(`${api} fetch blind credentials`,
		post({ mode: 'no-cors', credentials: 'include' }));
	attempt(`${api} fetch text`, post({ headers: plain }));
	attempt(`${api} fetch text, key`,
		post({ headers: { ...plain, ...key } }));
	attempt(`${api} fetch json`, post({ headers: json }));
	attempt(`${api} fetch json, key`,
		post({ headers: { ...json, ...key } }));
	for (const space of ['local', 'loopback', 'private'])
		attempt(`${api} fetch ${space}`, post({
			headers: { ...json, ...key }, targetAddressSpace: space,
		}));
	for (const method of ['PUT', 'DELETE', 'PATCH', 'QUERY'])
		attempt(`${api} fetch ${method}`, post({ method }));
	attempt(`${api} models`,
		async () => seen(await fetch(`${api}/v1/models`)));
	attempt(`${api} models, key`, async () =>
		seen(await fetch(`${api}/v1/models`, { headers: key })));
	attempt(`${api} health`,
		async () => seen(await fetch(`${api}/health`)));
	attempt(`${api} redirect`, async () => seen(await fetch(
		`/redirect?to=${encodeURIComponent(to)}`,
		{ method: 'POST', body, mode: 'no-cors', headers: plain })));
	attempt(`${api} redirect, key`, async () => seen(await fetch(
		`/redirect?to=${encodeURIComponent(to)}`,
		{ method: 'POST', body, headers: { ...json, ...key } })));
}

function others(api) {
	const to = api + chat;

	attempt(`${api} xhr`, () => new Promise((done) => {
		const xhr = new XMLHttpRequest();
		xhr.open('POST', to);
		xhr.onload = () => done(`read ${xhr.status}`);
		xhr.onerror = () => done('failed');
		xhr.send(body);
	}));
	for (const type of ['text/plain', 'application/json'])
		attempt(`${api} beacon ${type}`, async () => navigator.sendBeacon(
			to, new Blob([body], { type })) ? 'sent' : 'failed');
	attempt(`${api} websocket`, () => new Promise((done) => {
		const socket = new WebSocket(to.replace('http', 'ws'));
		socket.onopen = () => done('read: it is open');
		socket.onerror = () => done('failed');
	}));
	attempt(`${api} event source`, () => new Promise((done) => {
		const source = new EventSource(to);
		source.onmessage = ({ data }) => done(`read ${data}`);
		source.onerror = () => { source.close(); done('failed'); };
	}));
	attempt(`${api} worker`, () => new Promise((done) => {
		const worker = new Worker(URL.createObjectURL(new Blob([
			`fetch(${JSON.stringify(to)}, {method: 'POST', body: ` +
			`${JSON.stringify(body)}, headers: ` +
			`${JSON.stringify({ ...json, ...key })}}).then(` +
			`(a) => postMessage('read ' + a.status), ` +
			`(e) => postMessage('failed: ' + e.name))`])));
		worker.onmessage = ({ data }) => done(data);
	}));
	for (const path of [chat, '/v1/models', '/health'])
		for (const [tag, members] of [
			['img', { src: api + path }],
			['script', { src: api + path }],
			['script', { src: api + path, type: 'module' }],
			['link', { href: api + path, rel: 'stylesheet' }],
			['link', { href: api + path, rel: 'prefetch' }],
			['object', { data: api + path }],
			['video', { src: api + path }],
			['iframe', { src: api + path }]])
			attempt(`${api} ${tag} ${path}`,
				() => element(tag, members));
	attempt(`${api} img with a key`, () => element('img', {
		src: `${api.replace('://', `://x:${query.get('key')}@`)}` +
			'/v1/models' }));
	for (const enctype of ['text/plain', 'multipart/form-data',
		'application/x-www-form-urlencoded', 'application/json'])
		attempt(`${api} form ${enctype}`, () => form(
			{ action: to, enctype },
			// As text it is one line of JSON: NAME=VALUE
			[[`${body.slice(0, -1)},"x":"`, '"}']]));
	attempt(`${api} form get`,
		() => form({ action: to, method: 'get' }, [['a', body]]));
	for (const source of ['sandbox', 'data'])
		for (const [name, how] of [
			['blind', { mode: 'no-cors', headers: plain }],
			['json, key', { headers: { ...json, ...key } }]])
			attempt(`${api} ${source} ${name}`, () => opaque(source,
				`const a = await fetch(${JSON.stringify(to)},
				${JSON.stringify({ method: 'POST', body, ...how })});
				return a.type === 'opaque' ? 'opaque'
					: 'read ' + a.status;`));
}

for (const api of query.get('api').split(' ')) {
	fetches(api);
	others(api);
}
await fetch('/report', { method: 'POST', body: JSON.stringify({
	origin: location.origin, tries: await Promise.all(tries),
}) });
