import t from 'tap'
import { html } from '../../collector/pages/html'

const SCRIPT = '<script>alert("1")</script>'

t.test('text is escaped wherever it stands', async (t) => {
  const name = `"' onmouseover='x' & ${SCRIPT}`
  const markup = html`<a title="${name}">${name}</a>`.toString()
  t.equal(
    markup,
    `<a title="&quot;&#39; onmouseover=&#39;x&#39; &amp; &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;">` +
      `&quot;&#39; onmouseover=&#39;x&#39; &amp; &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</a>`,
  )
})

t.test('markup is not escaped again, lists of any depth are joined, null is nothing', async (t) => {
  const items = ['<', html`<b>${'>'}</b>`, [1, null, [html`<i></i>`]]]
  t.equal(html`<p>${items}</p>`.toString(), '<p>&lt;<b>&gt;</b>1<i></i></p>')
})

t.test('what looks like markup of ours and is not is escaped', async (t) => {
  const forged = { toString: () => SCRIPT } as unknown as string
  t.throws(() => html`<p>${forged}</p>`)
  t.notMatch(html`<p>${String(forged)}</p>`.toString(), '<script')
})

t.test('the indentation of a template is not sent, that of a value is', async (t) => {
  const stack = 'Error\n    at here'
  const markup = html`<pre>
    ${stack}
  </pre>`.toString()
  t.equal(markup, '<pre>\nError\n    at here\n</pre>')
})
