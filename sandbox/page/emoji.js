// Slack's names for the emoji that bots commonly use.

const TABLE = `
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎
heavy_multiplication_x ✖️|heavy_plus_sign ➕|heavy_minus_sign ➖|warning ⚠️|no_entry ⛔|no_entry_sign 🚫
octagonal_sign 🛑|exclamation ❗|heavy_exclamation_mark ❗|grey_exclamation ❕|question ❓|grey_question ❔
bangbang ‼️|interrobang ⁉️|rotating_light 🚨|construction 🚧|vertical_traffic_light 🚦
information_source ℹ️|bulb 💡|hourglass ⌛|hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️
timer_clock ⏲️|watch ⌚|clock1 🕐|clock12 🕛|clock3 🕒|clock4 🕓|clock6 🕕|clock9 🕘|mantelpiece_clock 🕰️
calendar 📆|date 📅|spiral_calendar_pad 🗓️|arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️
arrow_forward ▶️|arrow_backward ◀️|arrow_heading_down ⤵️|arrow_right_hook ↪️|leftwards_arrow_with_hook ↩️
arrows_counterclockwise 🔄|arrows_clockwise 🔃|repeat 🔁|fast_forward ⏩|rewind ⏪
double_vertical_bar ⏸️|pause_button ⏸️|black_square_for_stop ⏹️|stop_button ⏹️|play_or_pause_button ⏯️
black_right_pointing_double_triangle_with_vertical_bar ⏭️|record_button ⏺️|eject ⏏️
white_circle ⚪|black_circle ⚫|red_circle 🔴|large_blue_circle 🔵|blue_circle 🔵|large_green_circle 🟢
green_circle 🟢|large_yellow_circle 🟡|yellow_circle 🟡|large_orange_circle 🟠|large_purple_circle 🟣
radio_button 🔘|white_large_square ⬜|black_large_square ⬛|large_green_square 🟩|large_yellow_square 🟨
large_red_square 🟥|large_blue_square 🟦|large_orange_square 🟧|white_medium_square ◻️|black_medium_square ◼️
white_small_square ▫️|black_small_square ▪️|small_blue_diamond 🔹|small_orange_diamond 🔸
large_blue_diamond 🔷|large_orange_diamond 🔶|small_red_triangle 🔺|small_red_triangle_down 🔻
lock 🔒|unlock 🔓|closed_lock_with_key 🔐|lock_with_ink_pen 🔏|key 🔑|old_key 🗝️|shield 🛡️
link 🔗|chains ⛓️|broken_chain ⛓️‍💥|electric_plug 🔌|battery 🔋|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️
gear ⚙️|nut_and_bolt 🔩|toolbox 🧰|package 📦|card_file_box 🗃️|file_cabinet 🗄️|card_index 📇
card_index_dividers 🗂️|file_folder 📁|open_file_folder 📂|floppy_disk 💾|minidisc 💽|cd 💿|dvd 📀
wastebasket 🗑️|inbox_tray 📥|outbox_tray 📤|email 📧|e-mail 📧|envelope ✉️|incoming_envelope 📨
envelope_with_arrow 📩|mailbox 📫|memo 📝|pencil 📝|pencil2 ✏️|page_facing_up 📄|page_with_curl 📃
clipboard 📋|scroll 📜|bookmark 🔖|label 🏷️|books 📚|book 📖|ledger 📒|receipt 🧾|bar_chart 📊
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|mag 🔍|mag_right 🔎|pushpin 📌
round_pushpin 📍|paperclip 📎|linked_paperclips 🖇️|straight_ruler 📏|triangular_ruler 📐|scissors ✂️
bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|speech_balloon 💬|left_speech_bubble 🗨️|thought_balloon 💭
eyes 👀|eye 👁️|wave 👋|raised_hand ✋|hand ✋|point_right 👉|point_left 👈|point_up ☝️|point_down 👇
thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|ok_hand 👌|clap 👏|pray 🙏|raised_hands 🙌|handshake 🤝
muscle 💪|writing_hand ✍️|bust_in_silhouette 👤|busts_in_silhouette 👥|people_hugging 🫂|robot_face 🤖
detective 🕵️|sleuth_or_spy 🕵️|crown 👑|smile 😄|grinning 😀|slightly_smiling_face 🙂|blush 😊|wink 😉
thinking_face 🤔|neutral_face 😐|confused 😕|worried 😟|disappointed 😞|cry 😢|sweat_smile 😅|joy 😂
sunglasses 😎|sleeping 😴|zzz 💤|tada 🎉|confetti_ball 🎊|sparkles ✨|star ⭐|star2 🌟|trophy 🏆|medal 🏅
rocket 🚀|fire 🔥|boom 💥|zap ⚡|snowflake ❄️|ice_cube 🧊|cloud ☁️|sunny ☀️|sunrise 🌅|city_sunset 🌇
city_sunrise 🌇|sunrise_over_mountains 🌄|night_with_stars 🌃|crescent_moon 🌙|full_moon 🌕|rainbow 🌈
ocean 🌊|earth_africa 🌍|globe_with_meridians 🌐|house 🏠|office 🏢|bank 🏦|checkered_flag 🏁
triangular_flag_on_post 🚩|white_flag 🏳️|black_flag 🏴|recycle ♻️|infinity ♾️|hash #️⃣|asterisk *️⃣
zero 0️⃣|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟
new 🆕|ok 🆗|sos 🆘|id 🆔|abc 🔤|1234 🔢|100 💯|computer 💻|desktop_computer 🖥️|keyboard ⌨️|iphone 📱
telephone_receiver 📞|satellite 🛰️|satellite_antenna 📡|microscope 🔬|telescope 🔭|test_tube 🧪
compass 🧭|world_map 🗺️|ladder 🪜|bricks 🧱|door 🚪|broom 🧹|soap 🧼|sponge 🧽|bomb 💣|skull 💀
ghost 👻|bug 🐛|snail 🐌|turtle 🐢|owl 🦉|seedling 🌱|herb 🌿|four_leaf_clover 🍀|coffee ☕|pizza 🍕
cake 🍰|birthday 🎂|beers 🍻|heart ❤️|green_heart 💚|blue_heart 💙|yellow_heart 💛|broken_heart 💔
moneybag 💰|credit_card 💳|briefcase 💼|scales ⚖️|balance_scale ⚖️|crossed_swords ⚔️|dart 🎯|game_die 🎲
`;

const EMOJI = new Map(
  TABLE.trim()
    .split(/[|\n]/)
    .map((pair) => pair.split(" ")),
);

/** The character for a Slack emoji name (without colons), or undefined. */
export const emoji = (name) => EMOJI.get(name);
