"""The walk's own sentences, English and Polish. What the bot says is shown as it says it."""

from __future__ import annotations

LANGUAGES = ("en", "pl")

# key -> (English, Polish)
WORDS: dict[str, tuple[str, str]] = {
    "walk": ("Walking through “{title}” at {page}", "Przechodzimy przez „{title}” pod {page}"),
    "connected": (
        "The bot is connected to Slack",
        "Bot jest połączony ze Slackiem",
    ),
    "stranger": (
        "{who} types the command and is told whom to ask",
        "{who} wpisuje polecenie i dowiaduje się, kogo zapytać",
    ),
    "help": (
        "{who} reads the help: every sub-command is in it",
        "{who} czyta pomoc: są w niej wszystkie podpolecenia",
    ),
    "empty_start": (
        "The start is refused while P0a, P0b and P0c are not ticked",
        "Start jest odrzucany, dopóki P0a, P0b i P0c nie są zaznaczone",
    ),
    "started": (
        "{who} starts run {run}: P0a–c, the reason, the approvers; the card is in #{channel}",
        "{who} rozpoczyna przebieg {run}: P0a–c, powód, osoby zatwierdzające; karta jest w "
        "#{channel}",
    ),
    "insists": (
        "{who} insists although uninstalling repairs no sync (P0c)",
        "{who} podtrzymuje decyzję, choć odinstalowanie nie naprawia synchronizacji (P0c)",
    ),
    "plan": (
        "The plan arrives; {who} reads it in detail ({pages})",
        "Plan jest gotowy; {who} czyta go w całości ({pages})",
    ),
    "pages": ("pages: {count}", "strony: {count}"),
    "status": (
        "{who} asks for the status and sees who is waited for",
        "{who} pyta o stan i widzi, na kogo czekamy",
    ),
    "home": (
        "{who} opens the app's home and finds the run there",
        "{who} otwiera stronę główną aplikacji i widzi tam przebieg",
    ),
    "bystander": (
        "{who} presses Approve and is refused",
        "{who} naciska „Zatwierdź” i dostaje odmowę",
    ),
    "frozen": (
        "{who} freezes the run; an approval is refused meanwhile; then it goes on",
        "{who} zamraża przebieg; zatwierdzenie jest wtedy odrzucane; potem przebieg rusza dalej",
    ),
    "approved": ("{who} approves", "{who} zatwierdza"),
    "twice": (
        "{who} presses Approve a second time and does not count twice",
        "{who} naciska „Zatwierdź” drugi raz i nie liczy się podwójnie",
    ),
    "plan_approved": ("The plan is approved", "Plan jest zatwierdzony"),
    "stale": (
        "A click on the answered question is refused",
        "Kliknięcie w pytanie, na które już odpowiedziano, jest odrzucane",
    ),
    "handed_over": (
        "{who} hands the run over to {to}, who hands it back",
        "{who} przekazuje przebieg osobie {to}, która oddaje go z powrotem",
    ),
    "at_hubspot": (
        "HubSpot: {who} disconnects Salesforce (a wrong phrase is refused first)",
        "HubSpot: {who} rozłącza Salesforce (błędna fraza jest najpierw odrzucana)",
    ),
    "wrong_phrase": (
        "A wrong phrase is refused in the modal",
        "Błędna fraza jest odrzucana w oknie",
    ),
    "reported": (
        "{who} reports the disconnect: mappings ticked, reason, phrase",
        "{who} zgłasza rozłączenie: mapowania zaznaczone, powód, fraza",
    ),
    "disconnected": ("The sync is found quiet", "Synchronizacja jest cicha"),
    "objects": (
        "{who} chooses to reassign another object type too: {kinds} ({count} records)",
        "{who} wybiera do przypisania jeszcze inny typ obiektów: {kinds} (rekordy: {count})",
    ),
    "excluded": (
        "{who} excludes {old} and takes it back; no record has moved",
        "{who} wyklucza osobę {old} i cofa to; żaden rekord się nie ruszył",
    ),
    "one_kind": (
        "The suggestions of one kind alone are taken, for exactly so many: {label}",
        "Przyjęte są propozycje tylko jednego rodzaju, dokładnie dla tylu: {label}",
    ),
    "split": (
        "The records of {old} go to two in turn: {who}",
        "Rekordy osoby {old} przechodzą po kolei do dwóch: {who}",
    ),
    "listed": (
        "{who} downloads the list: {count} owners, each once, with HubSpot's own numbers",
        "{who} pobiera listę: właściciele: {count}, każdy raz, z liczbami jak w HubSpot",
    ),
    "file_refused": (
        "{who} uploads it with two mistakes: both rows are named ({rows}), nothing is taken in",
        "{who} przesyła ją z dwoma błędami: oba wiersze są wskazane ({rows}), nic nie przyjęto",
    ),
    "quoted": ("{said}", "{said}"),
    "file_taken": (
        "{who} uploads the right one: the choices for {count} owners are in the list and pickers",
        "{who} przesyła poprawną: wybory dla {count} właścicieli są na liście i w oknie",
    ),
    "picked": (
        "One owner is found by search and picked: {old} → {new}",
        "Jeden właściciel jest wyszukany i wybrany: {old} → {new}",
    ),
    "suggestions": ("The suggestions are taken", "Propozycje są przyjęte"),
    "remaining": (
        "All that are left go to {new}",
        "Wszyscy pozostali przechodzą do: {new}",
    ),
    "mapped": (
        "Every one of {count} owners has a HubSpot owner; {who} confirms",
        "Każdy z {count} właścicieli ma właściciela HubSpot; {who} potwierdza",
    ),
    "paused": (
        "{who} pauses the job and lets it go on",
        "{who} wstrzymuje zadanie i wznawia je",
    ),
    "others": (
        "HubSpot: {count} {kind} of {old} come to break a rule of the account, and somebody will "
        "take one of the {struck} right before it is written",
        "HubSpot: u {old} łamią teraz regułę konta: {kind} ({count}), a ktoś przejmie jeden z "
        "{struck} tuż przed zapisem",
    ),
    "failures": (
        "{count} records are still with their old owners; {who} finds each one with HubSpot's "
        "reason",
        "Nadal u starych właścicieli są rekordy ({count}); {who} znajduje każdy z powodem HubSpot",
    ),
    "mended": (
        "HubSpot: {count} records that broke a rule of the account are put right",
        "HubSpot: poprawiono rekordy, które łamały regułę konta ({count})",
    ),
    "left": (
        "{who} presses “Try these again”",
        "{who} naciska „Spróbuj ponownie z tymi”",
    ),
    "undone": (
        "{who} gives the records of {old} back: all {count} are there again, no other has moved",
        "{who} oddaje rekordy osobie {old}: wszystkie ({count}) wróciły, żaden inny się nie ruszył",
    ),
    "reassigned": ("A fresh count finds nothing left", "Nowe zliczanie nic już nie znajduje"),
    "owners_deleted": (
        "HubSpot: {who} deletes {count} Salesforce owners, and reports it",
        "HubSpot: {who} usuwa {count} właścicieli Salesforce i zgłasza to",
    ),
    "cleaned": ("The Salesforce owners are gone", "Właścicieli Salesforce już nie ma"),
    "nothing_to_map": (
        "Nothing is to be reassigned: step 2 is skipped",
        "Nie ma nic do przypisania: krok 2 jest pomijany",
    ),
    "no_package": (
        "The package is not installed: step 3 is skipped",
        "Pakiet nie jest zainstalowany: krok 3 jest pomijany",
    ),
    "inventory": (
        "{who} reads what would be deleted for good ({pages})",
        "{who} czyta, co zostanie trwale usunięte ({pages})",
    ),
    "backed_up": (
        "{who} lets the package's data be backed up, and the backup is verified",
        "{who} zleca kopię zapasową danych pakietu, która zostaje zweryfikowana",
    ),
    "keep": (
        "{who} chooses to save a copy for 48 hours",
        "{who} wybiera zachowanie kopii na 48 godzin",
    ),
    "discard": (
        "{who} chooses not to save a copy, and confirms it a second time",
        "{who} wybiera brak kopii i potwierdza to drugi raz",
    ),
    "consented": (
        "{who} gives consent, {others} approve the removal",
        "{who} wyraża zgodę, {others} zatwierdzają usunięcie",
    ),
    "removal_approved": (
        "The removal is approved and the package unchanged since",
        "Usunięcie jest zatwierdzone, a pakiet od tego czasu niezmieniony",
    ),
    "refused_uninstall": (
        "Salesforce refuses the uninstall: {lines}",
        "Salesforce odmawia odinstalowania: {lines}",
    ),
    "stalled": (
        "It is reported all the same; the bot notices that the package is still there",
        "Mimo to zostaje zgłoszone; bot zauważa, że pakiet nadal tam jest",
    ),
    "resolved": (
        "Salesforce: what blocks is removed: {names}",
        "Salesforce: usunięto to, co blokuje: {names}",
    ),
    "uninstalled": (
        "Salesforce: {who} uninstalls the package in Setup, and reports it",
        "Salesforce: {who} odinstalowuje pakiet w Konfiguracji i zgłasza to",
    ),
    "bot_removes": (
        "{who} lets the bot remove the package through the Metadata API",
        "{who} pozwala botowi usunąć pakiet przez Metadata API",
    ),
    "gone": ("The package is proven gone", "Dowiedziono, że pakietu już nie ma"),
    "deadline": (
        "The data copy can be downloaded until {until}; Salesforce keeps it until {kept}",
        "Kopię danych można pobrać do {until}; Salesforce trzyma ją do {kept}",
    ),
    "laid": (
        "Reminders lie in Slack: {count}",
        "Przypomnienia czekają w Slacku: {count}",
    ),
    "who_else": (
        "{who} asks who else can download it",
        "{who} pyta, kto jeszcze może ją pobrać",
    ),
    "reminder": (
        "The clock moves; it is {lead} before the end: {count} reminders, each once",
        "Zegar idzie naprzód; do końca: {lead}; przypomnienia: {count}, każde jeden raz",
    ),
    "empty_place": (
        "Without a place the download is not taken",
        "Bez podania miejsca pobranie nie jest przyjmowane",
    ),
    "downloaded": (
        "{who} has downloaded the copy and says where it lies",
        "{who} pobiera kopię i podaje, gdzie leży",
    ),
    "window_ended": (
        "The 48 hours pass without a download",
        "Mija 48 godzin bez pobrania",
    ),
    "completed": ("The run is completed", "Przebieg jest zakończony"),
    "over": (
        "A click on a finished run is refused",
        "Kliknięcie w zakończony przebieg jest odrzucane",
    ),
    "unblocked": (
        "The step cannot go on ({why}); {who} presses Try again",
        "Krok nie może iść dalej ({why}); {who} naciska „Spróbuj ponownie”",
    ),
    "again": (
        "Slack says that the app did not answer; {who} tries again",
        "Slack mówi, że aplikacja nie odpowiedziała; {who} próbuje ponownie",
    ),
    "faults": (
        "Faults that struck on the way: {struck} of {armed}",
        "Usterki, które wystąpiły po drodze: {struck} z {armed}",
    ),
    "final": ("At the end:", "Na koniec:"),
    # --- what must be true at the end ---
    "no_old_owner": (
        "no record of the chosen types ({kinds}) belongs to a Salesforce-only owner",
        "żaden rekord wybranych typów ({kinds}) nie należy do użytkownika wyłącznie Salesforce",
    ),
    "as_mapped": (
        "every record is with the owner that was chosen for it ({count} moved)",
        "każdy rekord jest u właściciela, którego dla niego wybrano (przeniesione: {count})",
    ),
    "even": (
        "what was given to several in turn is split evenly, by owner and object type",
        "co przydzielono po kolei kilku osobom, jest podzielone równo, wg właściciela i typu",
    ),
    "untouched": (
        "no other record has changed hands ({count})",
        "żaden inny rekord nie zmienił właściciela ({count})",
    ),
    "told": (
        "what others did in the moment of a write is in the thread's files: {overwritten} "
        "overwritten, {kept} left to whom somebody gave them, {archived} deleted",
        "co inni zrobili w chwili zapisu, jest w plikach w wątku: nadpisane: {overwritten}, "
        "zostawione temu, komu ktoś je dał: {kept}, usunięte: {archived}",
    ),
    "none_ownerless": (
        "no record was left without an owner ({count} have one, as before)",
        "żaden rekord nie został bez właściciela ({count} ma go jak przedtem)",
    ),
    "owners_gone": (
        "HubSpot lists no Salesforce-only owner",
        "HubSpot nie pokazuje żadnego użytkownika wyłącznie Salesforce",
    ),
    "package_gone": (
        "the package is gone from Salesforce",
        "pakietu nie ma już w Salesforce",
    ),
    "copy_as_chosen": (
        "Salesforce kept the data copy as it was chosen",
        "Salesforce postąpił z kopią danych tak, jak wybrano",
    ),
    "never_late": (
        "the deadline shown is not later than Salesforce's own",
        "pokazany termin nie jest późniejszy niż termin Salesforce",
    ),
    "each_reminder_once": (
        "every reminder came exactly once ({count})",
        "każde przypomnienie przyszło dokładnie raz ({count})",
    ),
    "nothing_scheduled": (
        "nothing is scheduled in Slack any more",
        "w Slacku nic już nie jest zaplanowane",
    ),
    "audit_whole": (
        "the audit channel has one line for each of the {count} events",
        "kanał audytu ma po jednym wierszu dla każdego z {count} zdarzeń",
    ),
    "audit_intact": (
        "the audit log's chain is intact",
        "łańcuch dziennika audytu jest nienaruszony",
    ),
    "no_stranger": (
        "nobody but administrators, approvers and the bot did anything",
        "nikt poza administratorami, zatwierdzającymi i botem niczego nie zrobił",
    ),
    "steps_known": (
        "every step of the checklist is verified, attested or not needed",
        "każdy krok listy jest zweryfikowany, poświadczony lub niepotrzebny",
    ),
    "no_ping": (
        "no name from the CRM pings a channel",
        "żadna nazwa z CRM nie powiadamia kanału",
    ),
    "none_doubled": (
        "none of the bot's {count} messages was posted twice",
        "żadna z {count} wiadomości bota nie została wysłana dwa razy",
    ),
    "all_answered": (
        "every click was acknowledged within 3 seconds, faults aside",
        "każde kliknięcie potwierdzono w ciągu 3 sekund (poza usterkami)",
    ),
    "nothing_refused": (
        "Slack refused no message or modal of the bot as malformed",
        "Slack nie odrzucił żadnej wiadomości ani okna bota jako błędnych",
    ),
    "right": ("All is right.", "Wszystko się zgadza."),
    "wrong": ("Wrong: {count}", "Niezgodności: {count}"),
    "stuck": ("The walk could not go on: {why}", "Nie można iść dalej: {why}"),
}


class Words:
    """The walk's sentences in one language."""

    def __init__(self, language: str) -> None:
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, /, **args: object) -> str:
        """Return the sentence *key* with its ``{named}`` places filled in."""
        return WORDS[key][self._column].format_map(args)
