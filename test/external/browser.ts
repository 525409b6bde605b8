import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** How a page is looked at. */
export interface Look {
  readonly width: number
  readonly height: number
  readonly scheme: 'light' | 'dark'
}

/** What a page was found to be. */
export interface Sight {
  readonly title: string
  /** The address it ended at. */
  readonly url: string
  readonly text: string
  /** How much wider it is than the window. */
  readonly overflowPx: number
  /** Exceptions, messages of the console, violations of the policy, requests that failed. */
  readonly complaints: readonly string[]
  readonly png: Buffer
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
  readonly sessionId?: string
}

/** Chromium without a window, steered over two pipes (Chrome DevTools Protocol); ended at teardown. */
export class Browser {
  readonly #commands: Writable
  readonly #waiting = new Map<number, (message: Message) => void>()
  readonly #events: Message[] = []
  readonly #loaded: (() => void)[] = []
  #lastId = 0
  #session: string | undefined

  private constructor(child: ChildProcess) {
    this.#commands = child.stdio[3] as Writable
    let rest = ''
    ;(child.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (rest + chunk).split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#receive(JSON.parse(message) as Message)
    })
  }

  static async start(t: { teardown(fn: () => Promise<void>): void }): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'sidelight-browser-'))
    const child = spawn(
      'chromium',
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--hide-scrollbars',
        '--no-first-run',
        '--remote-debugging-pipe',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    )
    const exited = once(child, 'exit')
    const browser = new Browser(child)
    t.teardown(async () => {
      // Asked, it takes its processes along; killed, it leaves them writing.
      void browser.send('Browser.close')
      await exited
      rmSync(profile, { recursive: true, force: true, maxRetries: 20 })
    })
    await browser.#attach()
    return browser
  }

  /** Opens an address, as if typed, and looks at what is there once it has loaded. */
  async look(url: string, { width, height, scheme }: Look): Promise<Sight> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 }
    await this.send('Emulation.setDeviceMetricsOverride', metrics)
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.send('Emulation.setEmulatedMedia', { features })
    this.#events.length = 0
    await this.open(url)
    const [title, at, text, scrollWidth] = (await this.evaluate(
      '[document.title, location.href, document.body.innerText, document.documentElement.scrollWidth]',
    )) as [string, string, string, number]
    const shot = await this.send('Page.captureScreenshot', { captureBeyondViewport: true })
    const png = Buffer.from(String(shot['data']), 'base64')
    const overflowPx = scrollWidth - width
    return { title, url: at, text, overflowPx, complaints: this.#complaints(), png }
  }

  /** Resolves when the page has loaded. */
  async open(url: string): Promise<void> {
    await this.#afterLoad(() => this.send('Page.navigate', { url }))
  }

  /** Runs a script in the page that leads to another one, and waits for that. */
  async follow(script: string): Promise<void> {
    await this.#afterLoad(() => this.evaluate(script))
  }

  /** Resolves when the next page has loaded, to which this one leads by itself. */
  async arrive(): Promise<void> {
    await this.#afterLoad(() => Promise.resolve())
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result } = (await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      userGesture: true,
    })) as { result: { value?: unknown } }
    return result.value
  }

  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId
    const session = this.#session === undefined ? {} : { sessionId: this.#session }
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, resolve))
    this.#commands.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    const { result, error } = await answered
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result ?? {}
  }

  async #attach(): Promise<void> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' })
    const attached = await this.send('Target.attachToTarget', { targetId, flatten: true })
    this.#session = String(attached['sessionId'])
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.send(`${domain}.enable`)
  }

  async #afterLoad(act: () => Promise<unknown>): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#loaded.push(resolve))
    await act()
    await loaded
  }

  #receive(message: Message): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
      return
    }
    this.#events.push(message)
    if (message.method === 'Page.loadEventFired') {
      for (const resolve of this.#loaded.splice(0)) resolve()
    }
  }

  #complaints(): string[] {
    const bad = new Set([
      'Runtime.exceptionThrown',
      'Runtime.consoleAPICalled',
      'Log.entryAdded',
      'Network.loadingFailed',
    ])
    return this.#events
      .filter(({ method, params }) => {
        const { entry } = (params ?? {}) as { entry?: { level: string } }
        return bad.has(method ?? '') && entry?.level !== 'verbose'
      })
      .map(({ method, params }) => `${method}: ${JSON.stringify(params)}`)
  }
}
