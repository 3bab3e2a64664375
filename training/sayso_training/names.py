"""Common given names, family names and places by region, and well-known outlets, for the audit.

The lists are short and the borders between regions are not: they find and replace names often enough to measure,
and a name that they lack counts nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """Names of one part of the world."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    places: tuple[str, ...]


def _region(given: str, family: str, places: str) -> Region:
    return Region(tuple(given.split()), tuple(family.split()), tuple(name.strip() for name in places.split(",")))


WESTERN = "Western Europe and North America"
REGIONS = {
    WESTERN: _region(
        "James John Robert Michael William David Richard Thomas Charles Paul Mark Steven Andrew Kevin Brian George "
        "Edward Peter Scott Eric Jeff Greg Frank Mike Jim Joe Bill Bob Tom Ben Chris Matt Tim Dan Mary Susan Karen "
        "Nancy Lisa Sarah Jennifer Elizabeth Barbara Laura Emily Kelly Rachel Anna Emma Julia Hans Klaus Pierre "
        "Philippe Angela Ursula Giorgia Lars Ingrid Donald Hillary Bernie Ted Mitch",
        "Miller Carter Hughes Bennett Fletcher Lambert Dubois Keller Lindqvist Moretti Jansen Whitaker",
        "Ohio, Denver, Toronto, Manchester, Lyon, Hamburg, Turin, Oslo, United States, America, Washington, New York, "
        "California, Texas, Florida, Chicago, Los Angeles, Boston, Pennsylvania, Michigan, Wisconsin, Iowa, Virginia, "
        "Canada, Britain, England, London, Scotland, Ireland, France, Paris, Germany, Berlin, Italy, Rome, Spain, "
        "Madrid, Brussels, Sweden, Norway, Denmark, Netherlands, Australia, Sydney",
    ),
    "Eastern Europe": _region(
        "Oksana Dmitri Ivan Sergei Vladimir Olena Andriy Katarzyna Piotr Milan Zoran Elena Volodymyr Alexei Yulia",
        "Kovalenko Petrov Nowak Horvat Ionescu Dimitrov Volkov Sokolov Bondar Zielinski",
        "Kharkiv, Krakow, Sofia, Minsk, Odesa, Belgrade, Kazan, Riga, Russia, Moscow, Ukraine, Kyiv, Kiev, Crimea, "
        "Poland, Warsaw, Hungary, Budapest, Romania, Serbia, Belarus, Donetsk",
    ),
    "Middle East": _region(
        "Ahmed Fatima Omar Layla Hassan Yusuf Khalid Mariam Reza Zeynep Mahmoud Mohammed Mohammad Ali Hussein Bashar "
        "Ibrahim Mustafa Nasser Recep Abdullah Salman",
        "Haddad Mansour Rahimi Yilmaz Khalil Najjar Karimi Demir Shaheen Barakat",
        "Basra, Aleppo, Tabriz, Amman, Sanaa, Gaziantep, Mosul, Tripoli, Syria, Damascus, Iran, Tehran, Iraq, Baghdad, "
        "Turkey, Ankara, Istanbul, Lebanon, Beirut, Gaza, Israel, Jerusalem, West Bank, Yemen, Saudi Arabia, Riyadh, "
        "Jordan, Qatar, Egypt, Cairo, Idlib, Raqqa, Homs, Daraa, Deir ez-Zor, Hama",
    ),
    "Africa": _region(
        "Chinedu Amina Kwame Ngozi Tendai Abebe Thabo Wanjiru Moussa Zodwa Oluwaseun Uhuru Cyril",
        "Okafor Mensah Diallo Mwangi Nkosi Tesfaye Banda Adeyemi Traore Dlamini",
        "Kano, Kumasi, Mombasa, Bamako, Lusaka, Kigali, Durban, Adama, Nigeria, Lagos, Abuja, Kenya, Nairobi, "
        "Ethiopia, Addis Ababa, Somalia, Mogadishu, Sudan, Khartoum, South Africa, Johannesburg, Mali, Congo, Ghana",
    ),
    "South Asia": _region(
        "Priya Arjun Sanjay Anjali Imran Nadia Rohan Lakshmi Tariq Sunita Narendra Rahul Asif",
        "Sharma Patel Reddy Iyer Chaudhry Rahman Perera Thapa Siddiqui Banerjee",
        "Pune, Lucknow, Peshawar, Chittagong, Kandy, Pokhara, Herat, Multan, India, Delhi, New Delhi, Mumbai, Kashmir, "
        "Pakistan, Islamabad, Karachi, Lahore, Bangladesh, Dhaka, Sri Lanka, Nepal, Afghanistan, Kabul, Kandahar",
    ),
    "East Asia": _region(
        "Wei Mei Hiroshi Yuki Minjun Linh Siti Budi Xiaoming Kenji Jinping Jong Rodrigo Shinzo",
        "Zhang Tanaka Nguyen Park Wijaya Santoso Chen Sato Tran Villanueva",
        "Wuhan, Osaka, Busan, Surabaya, Cebu, Danang, Chengdu, Kaohsiung, China, Beijing, Shanghai, Hong Kong, Taiwan, "
        "Japan, Tokyo, North Korea, South Korea, Seoul, Pyongyang, Vietnam, Hanoi, Philippines, Manila, Indonesia, "
        "Jakarta, Thailand, Bangkok, Myanmar, Xinjiang",
    ),
    "Latin America": _region(
        "Carlos Lucia Mateo Valentina Jorge Ximena Diego Camila Luis Rosa Juan Hugo Jair Evo",
        "Morales Rojas Gutierrez Vargas Quispe Oliveira Mendoza Fonseca Salazar Cardozo",
        "Rosario, Puebla, Medellin, Cusco, Recife, Valparaiso, Santa Cruz, Maracaibo, Mexico, Mexico City, Brazil, "
        "Brasilia, Rio de Janeiro, Argentina, Buenos Aires, Venezuela, Caracas, Colombia, Bogota, Cuba, Havana, Peru, "
        "Chile, Bolivia, Honduras, Guatemala, El Salvador",
    ),
}
TITLES = (
    "President", "Minister", "Senator", "Sen.", "Rep.", "Gov.", "Governor", "Mayor", "Judge", "General", "Gen.", "Col.",
    "Colonel", "Capt.", "Captain", "Lt.", "Sgt.", "Officer", "Dr.", "Mr.", "Mrs.", "Ms.", "Prof.", "Professor",
    "Secretary", "Ambassador", "Spokesman", "Spokeswoman", "Speaker", "Sheriff",
)  # fmt: skip
# What follows a title in names of offices, bodies and firms.
NOT_FAMILY = (
    "Office", "House", "Secretary", "Minister", "President", "General", "Department", "Pro", "Elect", "Assembly",
    "Motors", "Electric", "Election", "Court", "Council", "Counsel", "Staff", "State", "Command",
)  # fmt: skip
OUTLETS = (
    "Reuters", "Associated Press", "AP", "AFP", "Agence France-Presse", "CNN", "Fox News", "MSNBC", "NBC News", "NBC",
    "ABC News", "CBS News", "CBS", "NPR", "PBS", "BBC", "Sky News", "Al Jazeera", "Al Arabiya", "SANA", "TASS",
    "Sputnik", "Xinhua", "Press TV", "Tasnim", "Fars", "Mehr News", "Anadolu", "Haaretz", "Breitbart", "Politico",
    "Bloomberg", "Axios", "HuffPost", "Huffington Post", "BuzzFeed", "Daily Beast", "Daily Caller", "Daily Mail",
    "New York Times", "Washington Post", "Wall Street Journal", "Washington Times", "USA Today", "Los Angeles Times",
    "New York Post", "Guardian", "Financial Times", "Vox", "Slate", "Newsweek", "National Review", "Tehran Times",
)  # fmt: skip
FAR_CORPORA = ("fakes", "tehrantimes", "bbc-gaza")  # reports on the Middle East throughout
