(* Lebesgue measure on the Borel sets of the real line, and the fundamental
   theorem of calculus for it: a continuous f >= 0 with primitive F has
   integral F(+oo) - F(-oo) over the line (lebesgue_integral_line).

     borel_lebesgue      Lebesgue measure of a Borel set
     lebesgue_line       the same as a measure of mathcomp
     interval_mass a b   the integral of f over (a, b] *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds.foundation Require Import integration.
From AttentionBounds.foundation Require interval_integral.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* Lebesgue measure on R's own (Borel) measurableType instance *)
Definition borel_lebesgue : set RR -> \bar RR := @lebesgue_measure RR.
Lemma borel_lebesgue0 : borel_lebesgue set0 = 0%E. Proof. exact: (@measure0 _ _ _ [the measure _ _ of @lebesgue_measure RR]). Qed.
Lemma borel_lebesgue_ge0 A : (0 <= borel_lebesgue A)%E. Proof. exact: (@measure_ge0 _ _ _ [the measure _ _ of @lebesgue_measure RR]). Qed.
Lemma borel_lebesgue_sa : semi_sigma_additive borel_lebesgue.
Proof. exact: (@measure_semi_sigma_additive _ _ _ [the measure _ _ of @lebesgue_measure RR]). Qed.
HB.instance Definition _ := isMeasure.Build _ _ _ borel_lebesgue borel_lebesgue0 borel_lebesgue_ge0 borel_lebesgue_sa.
Notation lebesgue_line := [the measure _ _ of borel_lebesgue].

Section LebesgueLine.
Variables (f F : RR -> RR).
Hypothesis fc : forall x : R, Ranalysis1.continuity_pt f x.
Hypothesis f0 : forall x, 0 <= f x.
Hypothesis Fd : forall x : R, derivable_pt_lim F x (f x).

Lemma measurable_f : measurable_fun setT f.
Proof.
apply: continuous_measurable_fun => x; apply/continuity_pt_cvg.
exact: fc.
Qed.
Lemma measurable_Ef D : measurable_fun D (EFin \o f).
Proof. by apply/measurable_funTS/EFin_measurable_fun; exact: measurable_f. Qed.

Definition interval_mass (a b : R) : R := fine (\int[lebesgue_line]_(x in (`](a : RR), (b : RR)]%classic : set RR)) (f x)%:E).

Lemma lebesgue_interval (a b : RR) : a <= b -> lebesgue_line (`]a, b]%classic : set RR) = (b - a)%:E.
Proof.
move=> ab; rewrite /= /borel_lebesgue lebesgue_measure_itv hlength_itv /= lte_fin.
case: ltP => // ba; have -> : a = b by apply/eqP; rewrite eq_le ab ba.
by rewrite subrr.
Qed.

Lemma integral_between (a b lo hi : RR) : a <= b ->
  (forall y, a < y <= b -> lo <= f y <= hi) ->
  ((lo * (b - a))%:E <= \int[lebesgue_line]_(x in (`]a, b]%classic : set RR)) (f x)%:E <= (hi * (b - a))%:E)%E.
Proof.
move=> ab H.
have mI : measurable (`]a, b]%classic : set RR) by exact: measurable_itv.
have cstE (c : RR) : (\int[lebesgue_line]_(x in (`]a, b]%classic : set RR)) (c%:E) = (c * (b - a))%:E)%E.
  by apply: (etrans (integral_cst _ mI c%:E)); rewrite EFinM; congr (_ * _)%E; exact: lebesgue_interval.
apply/andP; split.
  apply: (@le_trans _ _ ((Num.max lo 0) * (b - a))%:E).
    by rewrite lee_fin ler_wpmul2r ?subr_ge0// le_maxr lexx.
  rewrite -cstE; apply: ge0_le_integral => //.
  - by move=> x _; rewrite lee_fin le_maxr lexx orbT.
  - exact: measurable_fun_cst.
  - by move=> x _; rewrite lee_fin.
  - exact: measurable_Ef.
  - move=> x /=; rewrite in_itv/= => /H /andP[h _].
    by rewrite lee_fin le_maxl h f0.
rewrite -cstE; apply: ge0_le_integral => //.
- by move=> x _; rewrite lee_fin.
- exact: measurable_Ef.
- by move=> x /=; rewrite in_itv/= => /H /andP[_ h]; rewrite lee_fin (le_trans (f0 x)).
- exact: measurable_fun_cst.
- by move=> x /=; rewrite in_itv/= => /H /andP[_ h]; rewrite lee_fin.
Qed.

Lemma integral_interval_finite (a b : RR) : a <= b ->
  (\int[lebesgue_line]_(x in (`]a, b]%classic : set RR)) (f x)%:E)%E \is a fin_num.
Proof.
move=> ab.
have [M [HM _]] := @continuity_ab_maj f a b (elimT (RleP _ _) ab) (fun c _ => fc c).
have /andP[h1 h2] : ((0 * (b - a))%:E <= \int[lebesgue_line]_(x in (`]a, b]%classic : set RR)) (f x)%:E
     <= (f M * (b - a))%:E)%E.
  apply: integral_between => // y /andP[/ltW ay yb]; rewrite f0 /=; apply/RleP; apply: HM.
  by split; apply/RleP.
by rewrite fin_numElt (lt_le_trans _ h1) ?ltNye// (le_lt_trans h2)// ltey.
Qed.

Lemma integral_interval (a b : RR) : a <= b ->
  (\int[lebesgue_line]_(x in (`]a, b]%classic : set RR)) (f x)%:E = (F b - F a)%:E)%E.
Proof.
move=> ab; rewrite -[LHS]fineK; last exact: integral_interval_finite.
congr EFin; apply: (@interval_integral.interval_integral f F interval_mass fc Fd) => //; last exact/RleP.
- move=> u v z /RleP uv /RleP vz; rewrite /interval_mass RplusE -fineD ?integral_interval_finite//; congr fine.
  rewrite -integral_setU//.
  + congr (integral _ _ _); rewrite predeqE => x /=; rewrite !in_itv/=; split.
      by move=> /andP[ux xz]; case: (leP x v) => xv; [left|right]; rewrite ?ux ?xv ?xz.
    move=> [/andP[-> xv]|/andP[vx ->]]; first by rewrite (le_trans xv).
    by rewrite (le_lt_trans uv).
  + exact: measurable_itv.
  + exact: measurable_itv.
  + exact: measurable_Ef.
  + by move=> x _; rewrite lee_fin.
  + apply/disj_set2P; rewrite predeqE => x; split => // -[] /=; rewrite !in_itv/=.
    by move=> /andP[_ xv] /andP[vx _]; have := le_lt_trans xv vx; rewrite ltxx.
- move=> u v lo hi /RleP uv H.
  have /andP[h1 h2] : (((lo : RR) * ((v : RR) - u))%:E <= \int[lebesgue_line]_(x in (`](u:RR), (v:RR)]%classic : set RR)) (f x)%:E
     <= ((hi : RR) * ((v : RR) - u))%:E)%E.
    apply: integral_between => // y /andP[/RltP uy /RleP yv].
    by have [/RleP a1 /RleP a2] := H y (conj uy yv); rewrite a1 a2.
  by split; apply/RleP; rewrite -lee_fin /interval_mass fineK ?integral_interval_finite.
Qed.

(* whole line *)
Variables (la lb : RR).
Hypothesis Fp : (fun n : nat => F n%:R) --> lb.
Hypothesis Fm : (fun n : nat => F (- n%:R)) --> la.

Theorem lebesgue_integral_line : (\int[lebesgue_line]_x (f x)%:E = (lb - la)%:E)%E.
Proof.
pose D (n : nat) : set RR := `]- n%:R, n%:R]%classic.
pose g (n : nat) : RR -> \bar RR := (EFin \o f) \_ (D n).
have mD n : measurable (D n) by exact: measurable_itv.
transitivity (lim (fun n => \int[lebesgue_line]_x (g n x))%E).
  rewrite -monotone_convergence//.
  - apply: eq_integral => x _; apply/esym/cvg_lim => //; apply: cvg_near_cst.
    exists (absz (ceil (normr x))).+1 => // n /= xn; rewrite /g /patch mem_set//= /D /= in_itv/=.
    have : `|x| < n%:R.
      apply: (@le_lt_trans _ _ (absz (ceil (normr x)))%:R); last by rewrite ltr_nat.
      by rewrite natr_absz [X in X%:~R]ger0_norm ?ceil_ge0// ceil_ge.
    by rewrite ltr_norml => /andP[-> /ltW ->].
  - by move=> n; apply: (measurable_restrict (EFin \o f) (mD n) measurableT _).1 => //; exact: measurable_Ef.
  - by move=> n x _; rewrite /g /patch; case: ifP => // _; rewrite lee_fin.
  - move=> x _ m n mn; rewrite /g /patch; case: ifPn => [|_]; last first.
      by case: ifP => // _; rewrite lee_fin.
    rewrite inE /D /= in_itv/= => /andP[h1 h2]; rewrite ifT//.
    rewrite inE /= in_itv/= (le_trans h2) ?ler_nat// andbT (le_lt_trans _ h1)//.
    by rewrite ler_oppl opprK ler_nat.
have gE n : (\int[lebesgue_line]_x (g n x) = (F n%:R - F (- n%:R))%:E)%E.
  by rewrite /g -integral_mkcond integral_interval// (@le_trans _ _ 0)// oppr_le0.
under eq_fun do rewrite gE.
apply/cvg_lim => //; apply: cvg_EFin; first exact: nearW.
by apply: (@cvgB _ [normedModType RR of RR^o]).
Qed.
End LebesgueLine.
