"""What single words tell of a source: pronouns, offices, kin, bodies, first names. English news usage."""

from __future__ import annotations

from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


MALE_PRONOUNS: Final = _set("he him his himself")
FEMALE_PRONOUNS: Final = _set("she her hers herself")
THINGS: Final = _set("it its itself")
PLURALS: Final = _set("they them their themselves")
FIRST_PERSON: Final = _set("i we you me us")
PRONOUNS: Final = MALE_PRONOUNS | FEMALE_PRONOUNS | THINGS | PLURALS | FIRST_PERSON

# Before a name: part of a mention, no part of the name. The value is the role that the word stands for.
TITLES: Final = {
    "mr": "", "mrs": "", "ms": "", "miss": "", "mx": "", "sir": "", "dame": "", "lord": "", "lady": "", "me": "",
    "dr": "doctor", "prof": "professor", "rev": "reverend", "fr": "father", "gov": "governor", "sen": "senator",
    "rep": "representative", "gen": "general", "lt": "lieutenant", "col": "colonel", "maj": "major",
    "capt": "captain", "sgt": "sergeant", "cpl": "corporal", "adm": "admiral", "insp": "inspector", "supt": "",
    "hon": "", "st": "", "pres": "president", "cllr": "councillor", "det": "detective", "cmdr": "commander",
}  # fmt: skip
ABBREVIATIONS: Final = frozenset(TITLES) - {"miss", "sir", "dame", "lord", "lady", "mx"}
OFFICES: Final = _set(
    "president vice-president premier minister secretary chancellor governor mayor senator congressman congresswoman "
    "representative councillor councilman councilwoman lawmaker speaker ambassador envoy commissioner director "
    "chairman chairwoman chair chief head leader judge justice prosecutor attorney lawyer sheriff constable "
    "superintendent inspector detective officer general lieutenant colonel major captain sergeant corporal admiral "
    "commander doctor professor bishop archbishop cardinal pope imam rabbi reverend father pastor king queen prince "
    "princess sheikh emir sultan spokesman spokeswoman spokesperson deputy prime foreign finance defence defense "
    "interior housing health education acting former state vice striker defender goalkeeper midfielder forward coach "
    "manager trainer analyst economist scientist researcher farmer teacher nurse engineer author writer actor actress "
    "singer owner founder executive negotiator campaigner activist veteran retired assistant associate attorney "
    "district county city federal national senior junior mr justice sir"
)
MALE: Final = _set(
    "mr sir lord he king prince sheikh sultan emir pope father son brother husband uncle nephew grandfather grandson "
    "widower man boy spokesman chairman congressman councilman businessman fisherman actor salesman policeman"
)
FEMALE: Final = _set(
    "mrs ms miss dame lady queen princess mother daughter sister wife aunt niece grandmother granddaughter widow woman "
    "girl spokeswoman chairwoman congresswoman councilwoman businesswoman actress policewoman midwife"
)
KIN: Final = _set(
    "father mother son daughter brother sister husband wife uncle aunt nephew niece grandfather grandmother widow "
    "widower cousin partner neighbour neighbor colleague friend"
)
# A capitalised run with one of these, or a phrase that ends in one, is a body and no person.
BODIES: Final = _set(
    "agency airline alliance archive army assembly association authority bank board bloc brigade broadcaster bureau "
    "cabinet campaign center centre chain chamber charity church club coalition college commission committee community "
    "company congress corporation council court crescent cross department developer directorate embassy faction "
    "federation fire firm force forces forum foundation front fund government group guard guild hospital inc industry "
    "institute institution kremlin league ltd maker ministry mission monitor monitors movement museum nations network "
    "newspaper ngo observatory office operator opposition organisation organization panel parliament party police "
    "publisher regime regulator school senate service society station survey team tribunal trust union university unit "
    "watch watchdog house publication magazine bulletin times post herald gazette courier press radio television "
    "militia rebels exchange laboratory lab retailer supermarket side coastguard ministry airport port carrier "
    "registry treasury navy administration confederation consortium"
)
DOCUMENTS: Final = _set(
    "report study paper survey poll data document letter statement review log audit figures video footage minutes "
    "records ruling judgment indictment filing article research analysis census memo email inscription message "
    "complaint lawsuit affidavit images photographs"
)
# Words for a body without saying which: they go back to the body spoken of last, if it is of one of their sorts.
ANY_SORT: Final = _set("group organisation organization body")
SORTS: Final = (
    _set(
        "company firm maker operator chain developer publisher airline retailer carrier lender manufacturer press bank"
    ),
    _set(
        "party movement campaign charity union association bloc network club alliance federation trust rebels militia"
    ),
    _set("agency institution institute authority regulator watchdog bureau office service board ministry department"),
    _set("outlet newspaper broadcaster network station publisher press radio television agency"),
)
ANY_BODY: Final = ANY_SORT | frozenset().union(*SORTS) - _set("ministry department press office board bank")
ARTICLES: Final = _set("the a an this that these those one two three some several many another other")
INDEFINITE: Final = _set("a an one two three some several many another other")
DEFINITE: Final = _set("the this that these those his her its their same")
POSSESSIVES: Final = _set("his her its their")
PREPOSITIONS: Final = _set(
    "of at for from in on with by near to about against who which whose that familiar close under over across "
    "outside inside behind within among between where when whom after before during without speaking including"
)
PLACE_BEFORE: Final = _set("in at near")
# Small words that may stand inside a name.
JOINTS: Final = _set("de du da di la le del van von der den bin ibn al el y dos das ten ter")
BODY_JOINTS: Final = _set("of for the and on &")
# Capitalised only because they open a sentence.
OPENERS: Final = _set(
    "the a an this that these those it its he she they his her their we our i my you your in on at by for from to of "
    "with without within about after before during since until when while where who whom whose what which why how if "
    "as because although though but and or nor so yet both either neither each every all any some many most much more "
    "few several one two three four five six seven eight nine ten eleven twelve no not nobody nothing none everyone "
    "everybody anyone somebody someone something there here then now later earlier meanwhile however instead also "
    "still only even just once again perhaps maybe yes asked according another other others such same last next first "
    "second third monday tuesday wednesday thursday friday saturday sunday january february march april may june july "
    "august september october november december today yesterday tomorrow whoever whatever under over between among "
    "outside inside behind near off out up down through across against along because despite unlike like than too"
)
NOT_NAMES: Final = _set(
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays "
    "sundays january february march april june july august september october november december i christmas easter "
    "english french german russian chinese british american"
)
# Nouns that are a source without an article.
PLAIN: Final = _set("people residents police critics staff opposition media evidence research some many most others")
SPEECH: Final = _set(
    "said says say told tells added adds wrote writes explained recalled replied answered asked insisted argued "
    "warned claimed remarked continued announced noted stated admitted declared joked testified tweeted posted "
    "commented concluded responded began objected shouted whispered called cried complained remembered reported"
)

# The commonest first names of English-language news; a name in neither set says nothing about gender.
MALE_NAMES: Final = _set(
    "james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark "
    "donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary "
    "nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory frank alexander raymond "
    "patrick jack dennis jerry tyler aaron jose adam henry nathan douglas peter zachary kyle walter ethan jeremy "
    "harold keith christian roger noah gerald carl terry sean arthur lawrence jesse dylan bryan joe billy bruce "
    "albert willie gabriel logan alan juan wayne roy ralph randy eugene vincent russell elijah louis bobby philip "
    "simon martin neil nigel graham trevor owen gareth tom tim jim bill bob ben sam dan nick steve mike ed tony "
    "mohammed muhammad mohamed ahmed ali hassan hussein omar ibrahim yusuf mahmoud mustafa abdullah khalid karim hamid "
    "amir tariq vladimir dmitry sergei sergey alexei ivan igor boris mikhail nikolai oleg anton pavel andrei viktor "
    "viktor jean pierre francois jacques michel hans klaus stefan wolfgang jens lars erik sven olaf anders per bjorn "
    "giovanni marco luca paolo carlos luis miguel jorge pedro antonio manuel diego javier rafael fernando benjamin "
    "emmanuel joe barack volodymyr keir rishi narendra jinping benedikt bruno oskar jonas bernd dieter clemens franz "
    "daniel henrik leif nils stig didier fabrice alain ian dale callum magnus radu abel colin edgar clive"
)
FEMALE_NAMES: Final = _set(
    "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley "
    "kimberly emily donna michelle carol amanda melissa deborah stephanie dorothy rebecca sharon laura cynthia amy "
    "kathleen angela shirley brenda emma anna pamela nicole samantha katherine christine helen debra rachel carolyn "
    "janet maria catherine heather diane olivia julie joyce victoria ruth virginia lauren kelly christina joan evelyn "
    "judith andrea hannah jacqueline martha gloria teresa ann sara madison frances kathryn janice jean alice julia "
    "grace denise amber doris marilyn danielle beverly isabella theresa diana natalie brittany charlotte marie rose "
    "fatima aisha leila layla zainab khadija mariam samira nadia amina hala rania yasmin olga natalia svetlana irina "
    "elena tatiana anastasia ekaterina oksana ursula angela sabine monika petra heike claire sophie camille isabelle "
    "giulia francesca chiara carmen lucia pilar ana ines marta rosa ingrid astrid solveig freya kirsten helle greta "
    "ella lucy maggie nora karin carla helga wilma hilde pauline hana keiko priya sunita indira theresa liz kamala "
    "hillary kate kim lena lidia gwen nasreen asha dolores odile berta alma zeynep"
)
