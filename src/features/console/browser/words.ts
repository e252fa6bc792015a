/** Each text of the console in Chinese, by its English. `{name}` stands for a value. */
const chinese = {
  // The page around.
  "srs console": "srs 控制台",
  "Skip to content": "跳到内容",
  "Main menu": "主菜单",
  Overview: "总览",
  Streams: "流",
  Clients: "客户端",
  Relays: "转发与回源",
  Health: "健康",
  Log: "日志",
  "Who did what": "操作记录",
  Language: "语言",
  Colours: "配色",
  "As the system": "跟随系统",
  Light: "浅色",
  Dark: "深色",
  "Sign out": "退出登录",
  "{user}, may only see": "{user}(只读)",
  "{user}, may change": "{user}(可操作)",
  // Signing in and standing.
  "Sign in": "登录",
  Name: "用户名",
  Password: "密码",
  "A user of http_api signs in here.": "请使用 http_api 的用户登录。",
  "Signing in…": "正在登录…",
  "The server does not answer.": "服务器没有应答。",
  "The name or the password is wrong.": "用户名或密码错误。",
  "The server no longer accepts the sign-in.": "服务器不再接受此登录。",
  "Connecting to the server…": "正在连接服务器…",
  "The server has not answered since {time}. What is shown is from before; the console keeps trying.":
    "服务器自 {time} 起没有应答。以下内容是之前的;控制台会继续尝试。",
  "The server answers nothing here: {reason}": "服务器拒绝应答:{reason}",
  "What the server says is not shown: it may be of another version.": "无法显示服务器的应答:其版本可能不同。",
  "The server is another version now ({version}).": "服务器已更换版本({version})。",
  "Load the console again": "重新加载控制台",
  // States.
  alive: "在线",
  draining: "排空中",
  dead: "离线",
  running: "运行中",
  failing: "失败",
  connecting: "连接中",
  waiting: "等待中",
  paused: "已暂停",
  stopped: "已停止",
  queued: "排队中",
  starting: "启动中",
  active: "使用中",
  standby: "备用",
  ended: "已结束",
  client: "客户端",
  pull: "回源",
  sibling: "同机进程",
  transcode: "转码",
  live: "直播中",
  "nobody publishes": "无人推流",
  unhealthy: "不健康",
  // Overview.
  "The cluster as this server knows it": "本服务器所知的集群",
  "This server": "本服务器",
  "this server": "本服务器",
  "this machine": "本机",
  "Other server": "其他服务器",
  Encoders: "编码器",
  Viewers: "观众",
  "{n} encoders": "{n} 个编码器",
  "{n} viewers": "{n} 位观众",
  "{n} streams": "{n} 路流",
  "from {name}": "来自 {name}",
  "and from {n} more": "以及另外 {n} 个",
  "{n} running": "{n} 个运行中",
  "{n} failing": "{n} 个失败",
  "{n} paused": "{n} 个已暂停",
  "{time} behind": "落后 {time}",
  "packets {time} old": "数据包已有 {time}",
  "{n} unhealthy": "{n} 路不健康",
  "{now} of {max} connections": "{max} 个连接中的 {now} 个",
  "{n} % CPU": "处理器 {n} %",
  "in {rate}": "入 {rate}",
  "out {rate}": "出 {rate}",
  "last seen {time} ago": "{time}前在线",
  "heard of by the registry": "由注册中心得知",
  "heard of by the registry and as a peer": "由注册中心和节点互问得知",
  Registry: "注册中心",
  "reachable for {time}": "已连通 {time}",
  "away for {time}": "已断开 {time}",
  "{n} commands refused": "被拒绝的命令 {n} 个",
  "{n} without an answer": "没有应答 {n} 个",
  "{n} publishers gave way": "让位的推流 {n} 个",
  "The registry is away: {error}": "注册中心不可用:{error}",
  "What is wrong": "问题",
  "and {n} more": "以及另外 {n} 项",
  "Nothing is wrong.": "一切正常。",
  "{name} does not answer": "{name} 没有应答",
  "{n} connections of {from} to {to} fail": "{from} 到 {to} 的 {n} 个连接失败",
  "{n} streams of {name} are unhealthy": "{name} 上有 {n} 路流不健康",
  "{limit} is nearly used up: {now} of {max}": "{limit} 即将用尽:{now} / {max}",
  "The last minutes of this server": "本服务器的最近几分钟",
  "The last reload was refused: {error}": "最近一次重载被拒绝:{error}",
  Version: "版本",
  "Up for": "已运行",
  Memory: "内存",
  "Processor, this process": "处理器(本进程)",
  "Processors, all processes": "处理器(所有进程)",
  "Load of {n} processors": "负载({n} 个处理器)",
  "Configuration since": "配置生效于",
  Received: "接收",
  Sent: "发送",
  // Lists.
  Search: "搜索",
  "Only unhealthy": "仅不健康",
  "All unhealthy streams": "所有不健康的流",
  "Only slow": "仅缓慢",
  "Only servers": "仅服务器",
  "Only failing": "仅失败",
  "Nothing here.": "暂无内容。",
  "Loading…": "加载中…",
  Earlier: "上一页",
  Later: "下一页",
  "From {first} to {last}": "第 {first} 至 {last} 项",
  Pages: "分页",
  Stream: "流",
  State: "状态",
  In: "入",
  Out: "出",
  Age: "时延",
  Frames: "帧率",
  "{n} fps": "{n} 帧/秒",
  Trend: "趋势",
  "Bitrate of {name} over the last minutes": "{name} 最近几分钟的码率",
  // One stream.
  "All streams": "所有流",
  "The stream is not here any more.": "该流已不存在。",
  Since: "开始于",
  Video: "视频",
  Audio: "音频",
  "Key frames every": "关键帧间隔",
  "Lost packets": "丢包",
  "Slowest viewer": "最慢的观众",
  "Changes of source": "换源次数",
  Sources: "源",
  Source: "源",
  Via: "来源",
  Address: "地址",
  "Silent for": "静默",
  "Make active": "切换到此源",
  "Make active: {id}": "切换到此源:{id}",
  "{id} is active now.": "已切换到 {id}。",
  "Bitrate and viewers": "码率与观众",
  Preview: "预览",
  "Show the preview": "显示预览",
  "Hide the preview": "隐藏预览",
  "The preview is a viewer like any other: it counts, and rules on who may watch hold for it.":
    "预览与其他观众一样:会被计数,并遵守观看规则。",
  "There is no preview: the server has no http_server for a page like this one.":
    "无法预览:服务器没有供此页面使用的 http_server。",
  "Preview of {name}": "{name} 的预览",
  "Its clients": "其客户端",
  "Its relays": "其转发与回源",
  // Clients.
  Client: "客户端",
  Kind: "类型",
  Program: "程序",
  For: "时长",
  Behind: "落后",
  Lost: "丢包",
  "Send away": "踢出",
  "Send away: {id}": "踢出:{id}",
  "Send the client {id} away?": "要踢出客户端 {id} 吗?",
  "Keep its address from the stream": "禁止其地址访问该流",
  "not at all": "不禁止",
  Cancel: "取消",
  "{id} was sent away.": "已踢出 {id}。",
  publishes: "推流",
  plays: "播放",
  server: "服务器",
  "Addresses that are kept away": "被禁止的地址",
  "For another": "剩余时间",
  "Let in again": "解除禁止",
  "Let in again: {ip}": "解除禁止:{ip}",
  "{ip} may come again.": "已解除对 {ip} 的禁止。",
  // Relays.
  Relay: "转发",
  "Other side": "对端",
  Attempt: "尝试",
  "Next attempt": "下次尝试",
  Error: "错误",
  Dropped: "丢弃",
  Actions: "操作",
  Retry: "重试",
  Pause: "暂停",
  Resume: "继续",
  "Retry {id}": "重试 {id}",
  "Pause {id}": "暂停 {id}",
  "Resume {id}": "继续 {id}",
  "{id}: done.": "{id}:已完成。",
  Forwards: "转发",
  Upstreams: "回源",
  Origins: "源站",
  Origin: "源站",
  // Health.
  "Unhealthy streams": "不健康的流",
  "What was found": "发现",
  "Near a limit": "接近上限",
  Limit: "上限",
  Of: "属于",
  Used: "已用",
  "Failing transcoders": "失败的转码",
  Engines: "引擎",
  "Failing hooks": "失败的回调",
  Hook: "回调",
  Refusals: "拒绝",
  Rule: "规则",
  Number: "次数",
  gop: "关键帧间隔",
  av_skew: "音画不同步",
  timestamps: "时间戳",
  headers: "序列头",
  bitrate: "码率",
  stall: "停滞",
  drift: "时钟漂移",
  // Log.
  "The last lines of the log": "日志的最后几行",
  "From level": "级别起",
  "{n} lines are left out": "省略了 {n} 行",
  Hold: "暂停滚动",
  "Go on": "继续滚动",
  // Actions.
  "What was changed by the API since the server's start": "服务器启动以来通过 API 所做的更改",
  When: "时间",
  Who: "操作者",
  What: "内容",
  With: "参数",
  Result: "结果",
  done: "完成",
  "This user may only see.": "此用户只能查看。",
  // Times.
  "{n} ms": "{n} 毫秒",
  "{n} s": "{n} 秒",
  "{n} min": "{n} 分钟",
  "{n} h": "{n} 小时",
  "{n} d": "{n} 天",
} as const;

/** English texts for n = 1, where they differ from the plural. */
const ofOne: Partial<Record<Text, string>> = {
  "{n} encoders": "{n} encoder",
  "{n} viewers": "{n} viewer",
  "{n} streams": "{n} stream",
  "{n} lines are left out": "{n} line is left out",
  "Load of {n} processors": "Load of {n} processor",
  "{n} connections of {from} to {to} fail": "{n} connection of {from} to {to} fails",
  "{n} streams of {name} are unhealthy": "{n} stream of {name} is unhealthy",
};

/** A text of the console, by its English. */
export type Text = keyof typeof chinese;

/** The languages of the console. */
export const languages = { en: "English", zh: "中文" } as const;
/** The code of a language. */
export type Language = keyof typeof languages;

let language: Language = "en";

/** Sets the language of texts. */
export function speak(chosen: Language): void {
  language = chosen;
}

/** The language of texts. */
export function spoken(): Language {
  return language;
}

/** A text in the current language, with its values filled in. */
export function t(text: Text, values: Readonly<Record<string, string | number>> = {}): string {
  const english = values.n === 1 ? (ofOne[text] ?? text) : text;
  const template: string = language === "zh" ? chinese[text] : english;
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

/** A word of the server, such as a state, in the current language; unknown words stay as they are. */
export function word(text: string): string {
  return Object.hasOwn(chinese, text) ? t(text as Text) : text;
}

/** All texts in both languages, for tests. */
export function allTexts(): readonly (readonly [english: string, chinese: string])[] {
  return Object.entries(chinese);
}
