// The emoji of everyday talk, each with its name in both languages: "character English|中文".
// Not all 3,900: those that people reach for; any other can be typed by the system's own keyboard.
const groups = {
  smileys: `
😀 grinning face|咧嘴笑
😄 grinning with smiling eyes|大笑瞇眼
😁 beaming face|露齒笑
😅 grinning with sweat|苦笑流汗
😂 tears of joy|笑到流淚
🤣 rolling on the floor laughing|笑到打滾
🙂 slight smile|微笑
🙃 upside-down face|顛倒的臉
😉 wink|眨眼
😊 blushing smile|害羞微笑
😇 halo angel|天使
🥰 smiling with hearts|愛心笑臉
😍 heart eyes|愛心眼
😘 blowing a kiss|飛吻
😋 yummy tongue|好吃
😜 winking with tongue|吐舌眨眼
🤗 hug|擁抱
🤔 thinking|思考
🤨 raised eyebrow|挑眉
😐 neutral face|面無表情
😏 smirk|得意的笑
🙄 rolling eyes|翻白眼
😬 grimace|尷尬
😌 relieved|鬆一口氣
😴 sleeping|睡覺
😷 medical mask|口罩
🤒 ill thermometer|發燒生病
🤯 exploding head|腦袋爆炸
🥳 party face|派對慶祝
😎 sunglasses cool|墨鏡酷
🤓 nerd glasses|書呆子眼鏡
😕 confused|困惑
😟 worried|擔心
🙁 slight frown|皺眉
😮 surprised open mouth|驚訝
😳 flushed|臉紅
🥺 pleading|拜託
😢 crying|哭泣
😭 sobbing|大哭
😱 screaming in fear|驚恐尖叫
😤 huffing triumph|哼氣
😡 angry|生氣
🤬 swearing|罵人
💀 skull|骷髏
💩 pile of poo|便便
🤖 robot|機器人
🫠 melting face|融化的臉
🫡 salute|敬禮`,
  people: `
👍 thumbs up yes|讚 好
👎 thumbs down no|倒讚 不好
👌 OK hand|OK 手勢
✌️ victory peace|勝利 和平
🤞 crossed fingers luck|祈求好運
🤙 call me|打電話給我
👈 pointing left|指向左
👉 pointing right|指向右
👆 pointing up|指向上
👇 pointing down|指向下
☝️ index finger up|食指向上
✋ raised hand|舉手
👋 waving hand hello|揮手 你好
👏 clapping|鼓掌
🙌 raising hands hooray|舉雙手歡呼
🤝 handshake|握手
🙏 please thank you|拜託 謝謝
💪 strong arm|加油 肌肉
🫶 heart hands|愛心手勢
👀 eyes looking|眼睛 看
🧠 brain|大腦
🤷 shrug|聳肩
🤦 facepalm|掩面
🙋 raising hand|舉手發問
🙇 bowing|鞠躬
💁 tipping hand|服務
🧑‍💻 technologist at computer|工程師 電腦
🧑‍🎨 artist|藝術家
🧑‍🔬 scientist|科學家
🧑‍🏫 teacher|老師
🏃 running|跑步
🚶 walking|走路
💃 dancing|跳舞
👪 family|家庭
👶 baby|嬰兒`,
  nature: `
🐶 dog|狗
🐱 cat|貓
🐭 mouse|老鼠
🐰 rabbit|兔子
🦊 fox|狐狸
🐻 bear|熊
🐼 panda|熊貓
🐯 tiger|老虎
🦁 lion|獅子
🐮 cow|牛
🐷 pig|豬
🐸 frog|青蛙
🐵 monkey|猴子
🐔 chicken|雞
🐧 penguin|企鵝
🦉 owl|貓頭鷹
🐝 bee|蜜蜂
🐛 bug caterpillar|蟲 臭蟲
🦋 butterfly|蝴蝶
🐢 turtle|烏龜
🐍 snake python|蛇
🐙 octopus|章魚
🐳 whale|鯨魚
🦀 crab rust|螃蟹
🌱 seedling|幼苗
🌲 tree|樹
🌸 cherry blossom|櫻花
🌹 rose|玫瑰
🌈 rainbow|彩虹
☀️ sun|太陽
⛅ cloud and sun|多雲
🌧️ rain|下雨
⚡ lightning|閃電
❄️ snow|雪
🌊 wave|海浪
🔥 fire|火
🌙 moon|月亮
⭐ star|星星`,
  food: `
☕ coffee|咖啡
🍵 tea|茶
🧋 bubble tea|珍珠奶茶
🍺 beer|啤酒
🍻 cheers|乾杯
🍷 wine|紅酒
🍎 apple|蘋果
🍌 banana|香蕉
🍓 strawberry|草莓
🍉 watermelon|西瓜
🍋 lemon|檸檬
🥑 avocado|酪梨
🍞 bread|麵包
🧀 cheese|起司
🍕 pizza|披薩
🍔 burger|漢堡
🍟 fries|薯條
🌮 taco|墨西哥捲餅
🍜 noodles|麵
🍚 rice|飯
🍣 sushi|壽司
🥟 dumpling|餃子
🍱 lunch box|便當
🍪 cookie|餅乾
🎂 birthday cake|生日蛋糕
🍰 cake|蛋糕
🍫 chocolate|巧克力
🍦 ice cream|冰淇淋
🍿 popcorn|爆米花`,
  things: `
🎉 party popper hooray|慶祝 拉炮
🎊 confetti|彩球
🎁 gift|禮物
🎈 balloon|氣球
🏆 trophy|獎盃
🥇 first place|第一名
⚽ football|足球
🏀 basketball|籃球
🎮 game|遊戲
🎵 music|音樂
🎨 palette art|調色盤
📷 camera|相機
💻 laptop|筆電
📱 phone|手機
⌨️ keyboard|鍵盤
🔋 battery|電池
🔌 plug|插頭
💡 light bulb idea|燈泡 點子
🔦 torch|手電筒
🔧 wrench|扳手
🔨 hammer|槌子
⚙️ gear|齒輪
🧪 test tube|試管 測試
🔬 microscope|顯微鏡
📌 pin|圖釘
📎 paper clip|迴紋針
✏️ pencil|鉛筆
📝 note|筆記
📅 calendar|日曆
📊 chart|圖表
📈 going up|上升
📉 going down|下降
📦 package ship|包裹 出貨
📫 mailbox|信箱
🔑 key|鑰匙
🔒 lock|鎖
🗑️ bin|垃圾桶
⏰ alarm clock|鬧鐘
⏳ hourglass waiting|沙漏 等待
💰 money|錢
🚀 rocket launch|火箭 上線
✈️ plane|飛機
🚗 car|汽車
🚲 bicycle|腳踏車
🚄 train|高鐵 火車
🏠 house home|家
🏢 office|辦公室
🌍 world|世界`,
  symbols: `
❤️ red heart love|紅心 愛
🧡 orange heart|橘心
💛 yellow heart|黃心
💚 green heart|綠心
💙 blue heart|藍心
💜 purple heart|紫心
🖤 black heart|黑心
💔 broken heart|心碎
💯 hundred|一百分
✅ done check|完成 打勾
☑️ ticked box|勾選
❌ cross wrong|錯 叉
⭕ circle correct|圈 對
❓ question|問號
❗ exclamation|驚嘆號
⚠️ warning|警告
🚫 forbidden|禁止
🛑 stop|停止
🚧 under construction|施工中
♻️ recycle|回收
🔴 red circle|紅圈
🟡 yellow circle|黃圈
🟢 green circle|綠圈
🔵 blue circle|藍圈
➕ plus|加
➖ minus|減
➡️ right arrow|向右
⬅️ left arrow|向左
⬆️ up arrow|向上
⬇️ down arrow|向下
🔄 again refresh|重新整理
🆕 new|新
🆗 OK|OK
💤 sleeping zzz|睡覺
💬 speech bubble|對話
✨ sparkles|閃亮`,
};

export type Group = keyof typeof groups;

export interface Emoji {
  text: string;
  en: string;
  zh: string;
}

const emojiOf = (line: string): Emoji => {
  const [text = "", ...rest] = line.split(" ");
  const [en = "", zh = ""] = rest.join(" ").split("|");
  return { text, en, zh };
};

export const table = (Object.keys(groups) as Group[]).map((group) => ({
  group,
  all: groups[group].trim().split("\n").map(emojiOf),
}));

/** Those whose name, in either language, has every word of the query. */
export function find(query: string) {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = (e: Emoji) => words.every((word) => `${e.en}|${e.zh}`.toLocaleLowerCase().includes(word));
  return table.map(({ group, all }) => ({ group, all: all.filter(fits) })).filter(({ all }) => all.length > 0);
}
