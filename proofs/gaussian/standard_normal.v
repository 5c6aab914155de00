(* The standard normal law N(0,1) as a probability measure on the Borel sets of
   the real line, and its exponentially tilted moments:

     density x            e^{-x^2/2} / sqrt(2 pi)
     normal_set A         the integral of the density over A
     standard_normal      N(0,1), that set function as a measure
     standard_normal_tilted: for all b, al, be, ga the function
        e^{bx} (al + be (x-b) + ga (x-b)^2) is integrable, of mean e^{b^2/2} (al + ga);
     standard_normal_mgf, standard_normal_tilted_mean: E e^{bx} = e^{b^2/2},
        E x e^{bx} = b e^{b^2/2}. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds.foundation Require Import integration probability_measure lebesgue_line.
From AttentionBounds.gaussian Require normal_integral.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Lemma lebesgue_tilted_density (b al be ga : R) : (forall x : R, Rle 0 (normal_integral.tilted_density b al be ga x)) ->
  (\int[lebesgue_line]_x ((normal_integral.tilted_density b al be ga x : RR)%:E) =
   (Rmult (Rtrigo_def.exp (Rdiv (pow b 2) 2)) (Rplus al ga) : RR)%:E)%E.
Proof.
move=> g0; rewrite -normal_integral.tilted_primitive_total.
apply: (@lebesgue_integral_line (normal_integral.tilted_density b al be ga : RR -> RR) (normal_integral.tilted_primitive b al be ga : RR -> RR)).
- exact: normal_integral.tilted_density_cont'.
- by move=> x; apply/RleP; exact: g0.
- exact: normal_integral.tilted_primitive_der'.
- apply/(@cvgrPdist_lt _ [normedModType RR of RR^o]) => e e0.
  have [N HN] := normal_integral.lim_p_seq _ _ (normal_integral.tilted_primitive_lim_p b al be ga) e (elimT (RltP _ _) e0).
  exists N => // n /= Nn; apply/RltP; have := HN n (elimT ssrnat.leP Nn).
  by rewrite INRE.
- apply/(@cvgrPdist_lt _ [normedModType RR of RR^o]) => e e0.
  have [N HN] := normal_integral.lim_m_seq _ _ (normal_integral.tilted_primitive_lim_m b al be ga) e (elimT (RltP _ _) e0).
  exists N => // n /= Nn; apply/RltP; have := HN n (elimT ssrnat.leP Nn).
  by rewrite INRE.
Qed.

Definition density (x : RR) : RR := Rdiv (Rtrigo_def.exp (Rdiv (Ropp (pow x 2)) 2)) (R_sqrt.sqrt (Rmult 2 PI)).

Lemma tilted_densityE b al be ga x : normal_integral.tilted_density b al be ga x =
  Rmult (Rmult (Rtrigo_def.exp (Rmult b x)) (Rplus (Rplus al (Rmult be (Rminus x b))) (Rmult ga (pow (Rminus x b) 2)))) (density x).
Proof. by []. Qed.

Lemma density_tilted x : density x = normal_integral.tilted_density 0 1 0 0 x.
Proof.
by rewrite tilted_densityE Rmult_0_l exp_0 !Rmult_0_l !Rplus_0_r !Rmult_1_l.
Qed.

Lemma density_ge0 x : 0 <= density x.
Proof.
apply/RleP/Rlt_le/Rdiv_lt_0_compat; first exact: exp_pos.
exact: normal_integral.bell_mass_pos.
Qed.

Lemma measurable_density : measurable_fun setT density.
Proof.
rewrite (_ : density = (normal_integral.tilted_density 0 1 0 0 : RR -> RR)); last by apply/funext => x; exact: density_tilted.
by apply: measurable_f => x; exact: normal_integral.tilted_density_cont'.
Qed.

Lemma integral_density : (\int[lebesgue_line]_x (density x)%:E = 1)%E.
Proof.
under eq_integral do rewrite density_tilted.
rewrite lebesgue_tilted_density => [|x]; last by rewrite -density_tilted; apply/RleP; exact: density_ge0.
congr EFin; rewrite Rplus_0_r Rmult_1_r (_ : Rdiv (pow 0 2) 2 = IZR 0) ?exp_0//.
by rewrite /= Rmult_0_l /Rdiv Rmult_0_l.
Qed.

(* N(0,1) as a genuine probability measure on the Borel sets of R *)
Definition normal_set (A : set RR) : \bar RR := (\int[lebesgue_line]_(x in A) (density x)%:E)%E.

Lemma integrable_density : lebesgue_line.-integrable setT (EFin \o density).
Proof.
split; first by apply/EFin_measurable_fun; exact: measurable_density.
rewrite (eq_integral (fun x => (density x)%:E)) ?integral_density ?ltey//.
by move=> x _; rewrite gee0_abs// lee_fin density_ge0.
Qed.

Lemma normal_set0 : normal_set set0 = 0%E.
Proof. by rewrite /normal_set integral_set0. Qed.
Lemma normal_set_ge0 A : (0 <= normal_set A)%E.
Proof. by apply: integral_ge0 => x _; rewrite lee_fin density_ge0. Qed.
Lemma normal_set_sa : semi_sigma_additive normal_set.
Proof.
move=> F mF tF mUF; rewrite /normal_set ge0_integral_bigcup//; last 2 first.
- by apply: integrableS integrable_density.
- by move=> x _; rewrite lee_fin density_ge0.
by apply: is_cvg_ereal_nneg_natsum => k _; exact: normal_set_ge0.
Qed.
HB.instance Definition _ := isMeasure.Build _ _ _ normal_set normal_set0 normal_set_ge0 normal_set_sa.
Definition standard_normal : {measure set RR -> \bar RR} := [the measure _ _ of normal_set].

Lemma standard_normal_probability : standard_normal setT = 1%E.
Proof. exact: integral_density. Qed.

Lemma standard_normal_integral (g : RR -> RR) : measurable_fun setT g -> (forall x, 0 <= g x) ->
  (\int[standard_normal]_x (g x)%:E = \int[lebesgue_line]_x (g x * density x)%:E)%E.
Proof.
move=> mg g0.
have := @weighted_pushforward _ _ _ _ _ lebesgue_line standard_normal density id 1 measurable_density density_ge0 (@measurable_fun_id _ _ _) ler01 _ g mg g0.
rewrite mul1e => <-; first by under eq_integral do rewrite mulrC.
move=> A mA; rewrite mul1e /= /normal_set [RHS]integral_mkcond; apply: eq_integral => x _.
by rewrite /patch indicE; case: ifP => _; rewrite ?mulr1// mulr0.
Qed.

(* ---- tilted moments ---- *)

Import normal_integral.

Lemma measurable_tilted_quadratic b al be ga : measurable_fun setT (tilted_quadratic b al be ga : RR -> RR).
Proof.
apply: continuous_measurable_fun => x; apply/continuity_pt_cvg.
by rewrite /tilted_quadratic; reg.
Qed.

Lemma ge0_standard_normal_tilted b al be ga : (forall x, Rle 0 (tilted_quadratic b al be ga x)) ->
  Pint standard_normal (tilted_quadratic b al be ga) /\
  Pmean standard_normal (tilted_quadratic b al be ga) =
    Rmult (Rtrigo_def.exp (Rdiv (pow b 2) 2)) (Rplus al ga).
Proof.
move=> p0; have p0' (x : RR) : 0 <= (tilted_quadratic b al be ga x : RR) by apply/RleP; exact: p0.
have E : (\int[standard_normal]_x (tilted_quadratic b al be ga x : RR)%:E =
    (Rmult (Rtrigo_def.exp (Rdiv (pow b 2) 2)) (Rplus al ga) : RR)%:E)%E.
  rewrite standard_normal_integral//; last exact: measurable_tilted_quadratic.
  rewrite -(lebesgue_tilted_density (be := be)); first by apply: eq_integral.
  move=> x; apply: Rmult_le_pos; first exact: p0.
  by apply/RleP; exact: density_ge0.
split; last by rewrite /Pmean E.
split; first by apply/EFin_measurable_fun; exact: measurable_tilted_quadratic.
rewrite (eq_integral (fun x : RR => (tilted_quadratic b al be ga x : RR)%:E)) ?E ?ltey//.
by move=> x _; rewrite gee0_abs// lee_fin.
Qed.

Theorem standard_normal_tilted (b al be ga : R) :
  Pint standard_normal (tilted_quadratic b al be ga) /\
  Pmean standard_normal (tilted_quadratic b al be ga) =
    Rmult (Rtrigo_def.exp (Rdiv (pow b 2) 2)) (Rplus al ga).
Proof.
have [I1 E1] := ge0_standard_normal_tilted (tilted_one_ge0 b).
have [I2 E2] := ge0_standard_normal_tilted (tilted_square_ge0 b).
have [I3 E3] := ge0_standard_normal_tilted (tilted_shifted_square_ge0 b).
have I12 := Pint_lin (coef_low al be) (coef_low ga be) I1 I2.
have I := Pint_lin coef_unit (coef_mixed be) I12 I3.
split; first exact: (@Pint_ext _ _ standard_normal _ _ (tilted_quadratic_split b al be ga) I).
rewrite -(funext (tilted_quadratic_split b al be ga)).
apply: etrans (Pmean_lin coef_unit (coef_mixed be) I12 I3) _.
rewrite (Pmean_lin (coef_low al be) (coef_low ga be) I1 I2) E1 E2 E3.
exact: tilted_mean_split.
Qed.

Corollary standard_normal_mgf (b : R) :
  Pint standard_normal (fun x => Rtrigo_def.exp (Rmult b x)) /\
  Pmean standard_normal (fun x => Rtrigo_def.exp (Rmult b x)) = Rtrigo_def.exp (Rdiv (pow b 2) 2).
Proof.
have [I E] := standard_normal_tilted b 1 0 0.
have EQ := funext (tilted_quadratic_mgf b).
by rewrite -EQ; split => //; rewrite E mgf_value.
Qed.

Corollary standard_normal_tilted_mean (b : R) :
  Pint standard_normal (fun x => Rmult x (Rtrigo_def.exp (Rmult b x))) /\
  Pmean standard_normal (fun x => Rmult x (Rtrigo_def.exp (Rmult b x))) = Rmult b (Rtrigo_def.exp (Rdiv (pow b 2) 2)).
Proof.
have [I E] := standard_normal_tilted b b 1 0.
have EQ := funext (tilted_quadratic_mean b).
by rewrite -EQ; split => //; rewrite E mean_value.
Qed.
